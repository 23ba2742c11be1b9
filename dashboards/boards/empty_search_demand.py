"""Half a year of empty searches: what clients lack, and what they type wrong."""

from dashboards import panels, series, tables, variables, words
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, MANAGER, Label, Value

_METRIC = "installation:kodeks_empty_searches:daily"
_HALF_YEAR = "180d"


def _counted(*by: str, matchers: str = "", back: str = _HALF_YEAR) -> str:
    """Empty searches within ``back``, by installation and ``by``.

    The counter's last daily sample minus the first, or minus 0 if it began later: increase() would miss the first
    search of a kind.
    """
    now = q.of(_METRIC, *by, matchers=matchers, how="sum", over="last_over_time", window="2d")
    chosen = f"{_METRIC}{{{q.CHOSEN}{',' if matchers else ''}{matchers}}}[2d] offset {back}"
    labels = ", ".join(("installation", *by))
    then = f"sum by ({labels}) (last_over_time({chosen}))"
    return f"({now} - ({then} or {now} * 0))"


def _by(label: str, matchers: str = "") -> str:
    return f"sum by ({label}) ({_counted(label, matchers=matchers)})"


_ABSENT = 'cause="absent"'
_ALL = f"sum({_counted()})"
_FAMILY_ABSENT = _by("family", _ABSENT)
_CLIENTS = f"count by (family) ({_counted('family', matchers=_ABSENT)} > 0)"
_OFFER = f"topk(200, {q.ours(_counted('family', matchers=_ABSENT), 'client', 'manager')} >= 3)"

BOARD = Board(
    name="empty-search-demand",
    title="Спрос из пустого поиска",
    about="Полгода пустых поисков: какие документы ищут и не находят, почему, и кому что предложить.",
    tags=("установки", "поиск", "пролонгация"),
    variables=variables.installations(),
    time="180d",
    rows=(
        (
            panels.number(
                "Пустых поисков за полгода",
                "Сколько раз за 180 дней пользователи выбранных клиентов ничего не нашли. Считается по отчётам, раз в "
                "сутки. Само по себе число ни о чём: смотрите справа, сколько из них — отсутствующие документы.",
                Query(_ALL, instant=True),
                decimals=0,
                width=5,
                height=9,
            ),
            panels.number(
                "Из них нет в комплекте",
                "Какая доля пустых поисков похожа на настоящий спрос: набрано верно, а документа нет. Остальное — "
                "раскладка, опечатки и слишком длинные запросы, то есть повод учить. Чем больше доля, тем больше "
                "можно предложить.",
                Query(f"sum({_counted(matchers=_ABSENT)}) / ({_ALL} > 0)", instant=True),
                unit="percentunit",
                decimals=0,
                width=5,
                height=9,
            ),
            panels.pie(
                "Вероятная причина",
                "Почему ничего не нашлось, по всем пустым поискам за полгода; причина определяется по тексту запроса. "
                "«Нет в комплекте» — продажа; «раскладка», «опечатка», «слишком длинный» — пятиминутный урок по "
                "телефону.",
                Query(_by("cause"), "{{cause}}", instant=True),
                colors=words.EMPTY_CAUSES,
                width=14,
                height=9,
            ),
        ),
        (
            tables.table(
                "Семейства документов, которых не нашли",
                "Пустые поиски за полгода по семействам (ГОСТ, СП, ТУ, РД, ПНД Ф, приказы и другие), где вероятная "
                "причина — документа нет в комплекте, и у скольких установок. Сверху — самый большой спрос: решите, "
                "какой комплект его закрывает, и предложите всем сразу.",
                (
                    Label("family", "Семейство"),
                    Value("Не нашли, раз", f"{_FAMILY_ABSENT} > 0", decimals=0),
                    Value("Установок", _CLIENTS, decimals=0),
                    Value(
                        "Доля спроса",
                        f"{_FAMILY_ABSENT} / on () group_left () (sum({_counted(matchers=_ABSENT)}) > 0)",
                        unit="percentunit",
                        decimals=0,
                    ),
                ),
                sort="Не нашли, раз",
                width=10,
                height=16,
            ),
            tables.table(
                "Кому что предложить",
                "Клиенты и семейства документов, которых у них нет, если за полгода их искали три раза и больше; "
                "первые 200 пар. Это готовый список для предложения: откройте «Поисковые запросы», возьмите два-три "
                "примера и звоните.",
                (
                    CLIENT,
                    Label("family", "Семейство"),
                    Value("Не нашли, раз", _OFFER, decimals=0),
                    MANAGER,
                ),
                sort="Не нашли, раз",
                width=14,
                height=16,
            ),
        ),
        (
            series.lines(
                "Спрос по неделям",
                "Сколько пустых поисков за неделю приходилось на каждое семейство, которого нет в "
                "комплектах. Рост у одного семейства — вышел новый документ или началась проверка: спросите у "
                "клиентов.",
                (
                    Query(
                        "sum by (family) ("
                        + q.of(_METRIC, "family", matchers=_ABSENT, how="sum", over="increase", window="7d")
                        + ")",
                        "{{family}}",
                        step="7d",
                    ),
                ),
                legend=("max", "mean", "last", "sum"),
                style="bars",
                height=12,
            ),
        ),
    ),
)
