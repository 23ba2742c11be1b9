"""How each client is doing over its whole life with us: eight stages, a total, and the steps that would raise it most.

Scores are one sample a day (rules/score.yml).
"""

from collections.abc import Iterator
from dataclasses import replace

from dashboards import links, panels, series, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query, Section
from dashboards.standard import GREEN, ORANGE, RED, YELLOW, Scale
from dashboards.tables import MANAGER, Label, Value
from dashboards.words import SCORE_STAGES

_SCORE = Scale(RED, ((2, ORANGE), (3, YELLOW), (4, GREEN)))
"""0 to 5."""
_CHANGE = Scale(RED, ((-0.495, YELLOW), (-0.045, GREEN)))
"""Within four weeks; KodeksClientScoreFell fires at a fall of one half."""

_TOTAL, _PLACE, _STAGE = (f"client:kodeks_score:{name}" for name in ("total", "place", "stage"))

_FLEET = 'branch=~"$branch"'
"""Comparison for a client."""
_THEIRS = f'{_FLEET},manager=~"$manager"'
_ONE = f'{_THEIRS},client="$client"'
_EACH = "client, manager, branch"


def _last(metric: str, chosen: str, *, back: str = "") -> str:
    """The newest sample, or with ``back`` (``28d``) that of four weeks ago.

    Series that may be gone tomorrow are read over one day, so as not to mix stages of two days; the total over more, so
    that it survives a midnight that Prometheus missed.
    """
    window = "2d" if back or metric in (_TOTAL, _PLACE) else "1d"
    return f"last_over_time({metric}{{{chosen}}}[{window}]{f' offset {back}' if back else ''})"


def _change(metric: str, chosen: str) -> str:
    return f"{_last(metric, chosen)} - {_last(metric, chosen, back='28d')}"


def _named(expr: str) -> str:
    """With the label ``order``: number and Russian name of the stage, so that stages sort in order of life."""
    for number, (stage, word) in enumerate(SCORE_STAGES.items(), start=1):
        expr = f'label_replace({expr}, "order", "{number}. {word.text}", "stage", "{stage}")'
    return expr


def _by_stage(expr: str, how: str = "max by (order) (") -> str:
    """One value per stage, with ``order`` as the only label. ``how``: the aggregation before its vector."""
    return f"{how}{_named(expr)})"


_MIDDLE, _MEAN = "quantile by (order) (0.5, ", "avg by (order) ("


def _step(expr: str) -> str:
    """Figures have texts by stage and step."""
    return f'max by (stage, step) (label_replace({expr}, "step", "$1", "figure", "(.+)"))'


def _limit(at: str) -> str:
    limit = f'label_replace(kodeks:score_limit{{at="{at}"}}, "step", "$1", "figure", "(.+)")'
    return f"max by (stage, step) (kodeks:score_step:info) * on (step) group_left () max by (step) ({limit})"


def _stages() -> Iterator[Value]:
    for stage, word in SCORE_STAGES.items():
        chosen = f'{_THEIRS},stage="{stage}"'
        yield Value(word.text, f"max by ({_EACH}) ({_last(_STAGE, chosen)})", decimals=1, scale=_SCORE)


_COUNT = "last_over_time(kodeks:score_clients:count[2d])"
_MEDIAN = "quantile(0.5, {})"
_MEDIANS = _step(f"quantile by (stage, figure) (0.5, {_last('client:kodeks_score_value:daily', _FLEET)})")
_STEPS = (
    f"max by (stage, step) ({_last('client:kodeks_score_step:gain', _ONE)}) * on (step) "
    "group_left (text, title, stage_title) max by (step, text, title, stage_title) (kodeks:score_step:info)"
)

_HOW = "Оценка — от 0 до 5, считается раз в сутки по измеренным числам: docs/score.md."

BOARD = Board(
    name="client-score",
    title="Скоринг клиента",
    about="Как идут дела с каждым клиентом по восьми этапам его жизни с нами, и что поднять в первую очередь.",
    tags=("установки", "онлайн", "пролонгация"),
    variables=tuple(
        replace(each, many=False, every=False) if each.name == "client" else each
        for each in variables.both()
        if each.name not in ("installation", "account")
    ),
    time=q.YEAR_BACK,
    rows=(
        Section("Все клиенты"),
        (
            tables.table(
                "Оценки клиентов",
                f"Все клиенты выбранных менеджеров, худшие сверху: общая оценка, место, изменение за 28 дней и "
                f"восемь этапов. {_HOW} Прочерк — этап у клиента не измерить (например, теста не было), в общую "
                "оценку он не входит; 0 — измерено и плохо. Щёлкните по клиенту: ниже откроется, из чего его оценка и "
                "что делать.",
                (
                    Label(
                        "client",
                        "Клиент",
                        links=(
                            links.board("client-score", "Из чего оценка", client=links.cell("Клиент")),
                            links.profile(),
                        ),
                    ),
                    Value("Оценка", f"max by ({_EACH}) ({_last(_TOTAL, _THEIRS)})", decimals=1, scale=_SCORE),
                    Value("Место", f"max by ({_EACH}) ({_last(_PLACE, _THEIRS)})", decimals=0),
                    Value(
                        "Из",
                        f"0 * max by ({_EACH}) ({_last(_TOTAL, _THEIRS)}) + scalar({_COUNT})",
                        decimals=0,
                    ),
                    Value("28 дней", f"max by ({_EACH}) ({_change(_TOTAL, _THEIRS)})", decimals=1, scale=_CHANGE),
                    *_stages(),
                    MANAGER,
                ),
                sort="Оценка",
                descending=False,
                height=16,
            ),
        ),
        Section("Клиент: $client"),
        (
            panels.number(
                "Общая оценка",
                f"Среднее по этапам с их весами; этапы без данных не входят. {_HOW} Ниже 2 — клиента можно потерять: "
                "начните с точек роста.",
                Query(f"max({_last(_TOTAL, _ONE)})", instant=True),
                decimals=1,
                scale=_SCORE,
                width=4,
            ),
            panels.number(
                "Место среди всех",
                "Которым по счёту стоит клиент среди всех, у кого есть оценка; первый — лучший, равные делят место. "
                "Сколько всего клиентов с оценкой — рядом.",
                Query(f"max({_last(_PLACE, _ONE)})", instant=True),
                decimals=0,
                width=4,
            ),
            panels.number(
                "Клиентов с оценкой",
                "Сколько клиентов имеют оценку, то есть хотя бы один измеренный этап. Если их меньше, чем клиентов, у "
                "остальных не приходят отчёты и не опрашиваются онлайн-доступы.",
                Query(_COUNT, "клиентов", instant=True),
                decimals=0,
                width=4,
            ),
            panels.number(
                "Изменение за 28 дней",
                "На сколько изменилась общая оценка за четыре недели. Упала на полбалла и больше — об этом придёт "
                "и письмо в понедельник; по этапам ниже видно, что именно упало.",
                Query(f"max({_change(_TOTAL, _ONE)})", instant=True),
                decimals=1,
                scale=_CHANGE,
                width=4,
            ),
            panels.number(
                "Обычная оценка",
                "Медиана по всем клиентам выбранных филиалов: половина клиентов выше, половина ниже. С ней сравнивайте "
                "оценку клиента; среднее — рядом.",
                Query(_MEDIAN.format(_last(_TOTAL, _FLEET)), instant=True),
                decimals=1,
                scale=_SCORE,
                width=4,
            ),
            panels.number(
                "Средняя оценка",
                "Среднее общей оценки по всем клиентам выбранных филиалов. Заметно ниже медианы — несколько клиентов "
                "совсем плохи: они наверху таблицы.",
                Query(f"avg({_last(_TOTAL, _FLEET)})", instant=True),
                decimals=1,
                scale=_SCORE,
                width=4,
            ),
        ),
        (
            panels.columns(
                "Этапы клиента и обычные",
                "Восемь этапов от 0 до 5 в том порядке, в каком они идут: клиент, медиана и среднее по всем клиентам "
                "выбранных филиалов. Нет столбика клиента — этап не измерить. Ниже обычного — слабое место этого "
                "клиента; низко у всех — наше общее.",
                (
                    Query(_by_stage(_last(_STAGE, _ONE)), instant=True),
                    Query(_by_stage(_last(_STAGE, _FLEET), _MIDDLE), instant=True),
                    Query(_by_stage(_last(_STAGE, _FLEET), _MEAN), instant=True),
                ),
                "order",
                names={"order": "Этап", "A": "Клиент", "B": "Медиана", "C": "Среднее"},
                decimals=1,
                slanted=True,
                width=9,
                height=11,
            ),
            tables.table(
                "Точки роста",
                "До пяти шагов, которые подняли бы общую оценку клиента больше всего, и насколько — если показатель "
                "станет полным. Вес этапа и число показателей в нём уже учтены. Берите верхний, который в ваших силах, "
                "и договаривайтесь о нём с клиентом.",
                (
                    Label("text", "Что сделать"),
                    Value("Прибавит", _STEPS, decimals=2),
                    Label("title", "Показатель", width=170),
                    Label("stage_title", "Этап", width=100),
                ),
                sort="Прибавит",
                missing="шагов не видно",
                width=15,
                height=11,
            ),
        ),
        (
            tables.table(
                "Этапы клиента",
                "Те же восемь этапов числами: клиент, медиана всех, на сколько клиент изменился за 28 дней и с каким "
                "весом этап входит в общую оценку. Прочерк — этап не измерить, в оценку он не входит. Смотрите "
                "прежде всего на этапы с большим весом.",
                (
                    Label("order", "Этап"),
                    Value("Клиент", _by_stage(_last(_STAGE, _ONE)), decimals=1, scale=_SCORE),
                    Value("Медиана", _by_stage(_last(_STAGE, _FLEET), _MIDDLE), decimals=1),
                    Value("За 28 дней", _by_stage(_change(_STAGE, _ONE)), decimals=1, scale=_CHANGE),
                    Value("Вес", _by_stage("kodeks:score_weight"), decimals=1),
                ),
                rows=_by_stage("0 * kodeks:score_weight"),
                sort="Этап",
                descending=False,
                width=9,
                height=20,
            ),
            tables.table(
                "Показатели клиента",
                "Из чего состоит каждый этап: что измерено у клиента, медиана всех, при каком значении показатель "
                "стоит 0 и при каком — полные 5, и сколько он стоит сейчас. Этап — среднее своих показателей. Прочерк "
                "— показателя у клиента нет, и на этап он не влияет. Что как измеряется — docs/score.md.",
                (
                    Label("order", "Этап", width=130),
                    Label("title", "Показатель"),
                    Value("Измерено", _step(_last("client:kodeks_score_value:daily", _ONE)), decimals=2),
                    Value(
                        "Оценка",
                        f"5 * {_step(_last('client:kodeks_score_figure:ratio', _ONE))}",
                        decimals=1,
                        scale=_SCORE,
                    ),
                    Value("Медиана", _MEDIANS, decimals=2),
                    Value("0 при", _limit("zero"), decimals=2),
                    Value("5 при", _limit("full"), decimals=2),
                ),
                rows=f"max by (stage, step, title, order) ({_named('kodeks:score_step:info')})",
                sort="Этап",
                descending=False,
                width=15,
                height=20,
            ),
        ),
        Section("За год"),
        (
            series.lines(
                "Общая оценка за год",
                "Общая оценка клиента по дням и медиана всех клиентов выбранных филиалов. Падает только у клиента — "
                "узнайте, что у него изменилось; падает у всех — сезон или общая причина.",
                (
                    Query(
                        f"max by (client) (last_over_time({_TOTAL}{{{_ONE}}}[$__interval]))", "{{client}}", step="1d"
                    ),
                    Query(
                        _MEDIAN.format(f"last_over_time({_TOTAL}{{{_FLEET}}}[$__interval])"),
                        "медиана всех",
                        step="1d",
                    ),
                ),
                decimals=1,
                gaps=True,
                most=5,
                width=12,
            ),
            series.lines(
                "Этапы за год",
                "Каждый этап клиента по дням, от 0 до 5; линии нет, пока этап не измерить. По ней видно, с какого дня "
                "и что именно стало хуже или лучше — например, после занятия с пользователями.",
                (
                    Query(
                        _by_stage(f"last_over_time({_STAGE}{{{_ONE}}}[$__interval])"),
                        "{{order}}",
                        step="1d",
                    ),
                ),
                decimals=1,
                gaps=True,
                most=5,
                width=12,
            ),
        ),
    ),
)
