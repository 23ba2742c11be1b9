"""How managers react to alerts: how long until somebody takes one, how long until it is over, who waits now."""

from collections.abc import Iterator

from dashboards import alerts, handling, links, panels, series, tables, variables
from dashboards.model import Board, Query, Section
from dashboards.reaction import CHOSEN, bucket, grown, now, of, quantile, share, week
from dashboards.standard import GREEN, ORANGE, RED, YELLOW, Scale
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import HOURS, MOMENT
from dashboards.variables import Variable
from dashboards.words import PRIORITIES, REACTION_OUTCOMES, UP_DOWN, Word
from kodeks_exporter.domain.reaction import UNCOUNTED

_TAKEN = Scale(RED, ((0.4, YELLOW), (0.8, GREEN)))
_UNANSWERED = Scale(GREEN, ((0.1, YELLOW), (0.3, RED)))
_WAITING = Scale(GREEN, ((1, ORANGE),))
_UNTIL_TAKEN = Scale(GREEN, ((1, YELLOW), (4, ORANGE), (24, RED)))
"""Hours; one is a lunch break, four are half a working day."""


_OLDEST = f"max by (manager) (kodeks_reaction_oldest_waiting_timestamp_seconds{{{CHOSEN}}})"


def _figures(by: str) -> Iterator[Value]:
    """Columns for managers as for priorities."""
    acknowledge, recovery = (grown(what, bucket(by)) for what in ("acknowledge", "recovery"))
    yield Value("Кончилось", grown("alerts", by), decimals=0)
    yield Value("Взято", share("acknowledged", by), unit="percentunit", decimals=0, scale=_TAKEN)
    yield Value("Молча", share("mended", by), unit="percentunit", decimals=0)
    yield Value("Без ответа", share("unanswered", by), unit="percentunit", decimals=0, scale=_UNANSWERED)
    yield Value("Не видели", share("unseen", by), unit="percentunit", decimals=0)
    yield Value("Реакция 50 %", quantile(0.5, acknowledge), unit=HOURS, decimals=1, scale=_UNTIL_TAKEN)
    yield Value("Реакция 90 %", quantile(0.9, acknowledge), unit=HOURS, decimals=1)
    yield Value("Конец 50 %", quantile(0.5, recovery), unit=HOURS, decimals=1)
    yield Value("Конец 90 %", quantile(0.9, recovery), unit=HOURS, decimals=1)


def _by_priority(expr: str, scale: Scale, unit: str = "none", decimals: int = 0) -> Iterator[Value]:
    """A column for each priority; ``expr`` has a place for the matcher."""
    for priority in PRIORITIES:
        told = expr.replace("PRIORITY", f'priority="{priority}"')
        yield Value(priority, told, unit=unit, decimals=decimals, scale=scale)


_MANAGER = Label("manager", "Менеджер", links=(
    links.board("current-emergencies", "Что у него сейчас случилось", manager=links.cell("Менеджер")),
))  # fmt: skip
_EVERYBODY = f"group by (manager) (kodeks_reaction_alerts_total{{{CHOSEN}}})"

_TOLD_ONLY = "|".join(sorted(UNCOUNTED))
_FIRING = (
    'branch=~"$branch",manager=~"$manager",client=~"$client",manager!="",client!="",'
    f'alertname!~"{_TOLD_ONLY}"'
)  # fmt: skip
_ALERT = "alertname, client, manager, installation, account"
_ALERTS = f'ALERTS{{alertstate="firing",{_FIRING}}}'
_SINCE = f"1000 * ALERTS_FOR_STATE{{{_FIRING}}} and ignoring (alertstate) {_ALERTS}"

_WHO = Variable(
    "manager",
    "Менеджер",
    query=(
        'query_result(group by (manager) ({__name__=~"kodeks:installation:info|kodeks_online_access_info",'
        'branch=~"$branch"}) or group by (manager) (kodeks_reaction_alerts_total{manager="ops"}))'
    ),
    regex='/manager="([^"]+)"/',
    all_value="",
)
"""Those of the chosen branches by name, and ops: reaction has no label branch."""

_PERIOD = (
    "Считается за выбранное время, с 00:00 UTC его первого дня; сам случай относится к тому дню, когда его взяли или "
    "когда он кончился."
)

BOARD = Board(
    name="reaction",
    title="Реакция менеджеров",
    about="Сколько проходит от оповещения до того, как его взяли и как всё починено, и что ждёт ответа сейчас.",
    tags=("аварии",),
    variables=tuple(
        _WHO if each.name == "manager" else each
        for each in variables.both()
        if each.name not in ("installation", "account")
    ),
    time="90d",
    rows=(
        (
            panels.number(
                "Ждут ответа сейчас",
                "Сколько оповещений действует, отправлено людям и никем не взято. Взять — ссылкой «Взять в работу» из "
                "сообщения или тишиной с комментарием в Alertmanager. Ноль — всё взято.",
                Query(f"sum(max by (manager, priority) (kodeks_reaction_waiting{{{CHOSEN}}}))", instant=True),
                scale=_WAITING,
                width=4,
            ),
            panels.number(
                "Дольше всего ждёт",
                "Сколько уже ждёт самое старое из невзятых оповещений. Если сутки и больше, выясните, доходят ли до "
                "менеджера сообщения: почта, Telegram, отпуск.",
                Query(
                    f"(time() - min({_OLDEST})) / 3600 or 0 * sum(kodeks_reaction_waiting{{{CHOSEN}}})",
                    instant=True,
                ),
                unit=HOURS,
                decimals=1,
                scale=_UNTIL_TAKEN,
                words={"0": Word("никто не ждёт", GREEN)},
                width=4,
            ),
            panels.number(
                "В работе сейчас",
                "Сколько действующих оповещений кто-то взял. Взятое остаётся взятым, пока не кончится, даже когда "
                "тишина истекла. Много взятого и старого — спросите, чем помочь.",
                Query(f"sum(max by (manager, priority) (kodeks_reaction_taken{{{CHOSEN}}}))", instant=True),
                width=4,
            ),
            panels.number(
                "Взято за период",
                f"Какую долю кончившихся оповещений кто-то взял в работу. {_PERIOD} Мало — людям неудобно или "
                "сообщений слишком много: посмотрите, каких больше всего.",
                Query(share("acknowledged"), instant=True),
                unit="percentunit",
                decimals=0,
                scale=_TAKEN,
                width=4,
            ),
            panels.number(
                "Реакция 50 %",
                f"За какое время берут половину из взятых оповещений (медиана). {_PERIOD} Время — по календарю, с "
                "ночами и выходными; считается по ступеням от минуты до трёх суток, поэтому приблизительно.",
                Query(quantile(0.5, grown("acknowledge", "le")), instant=True),
                unit=HOURS,
                decimals=1,
                scale=_UNTIL_TAKEN,
                width=4,
            ),
            panels.number(
                "Alertmanager отвечает",
                "Ответил ли каждый Alertmanager, когда экспортёр спрашивал его последний раз. Если не отвечает ни "
                "один, числа этого дашборда стоят на месте: чините Alertmanager.",
                Query("min by (alertmanager) (kodeks_reaction_alertmanager_up)", "{{alertmanager}}", instant=True),
                words=UP_DOWN,
                width=4,
            ),
        ),
        (
            tables.table(
                "Реакция по менеджерам",
                "Чем кончились оповещения каждого менеджера: взято в работу; прошло молча раньше, чем сообщение "
                "повторилось; без ответа — прошло, хотя сообщение повторялось; не видели — мониторинг сам стоял. "
                "Реакция и конец — от начала оповещения: за сколько часов справились с половиной и с 90 %; дольше трёх "
                f"суток показано как трое суток. {_PERIOD} Прочерк — таких не было. Сравнивайте людей с "
                "одинаковым графиком; много без ответа — разговор о том, доходят ли сообщения и все ли они нужны.",
                (
                    _MANAGER,
                    *_figures("manager"),
                    Value("Ждут", now("waiting", "manager"), decimals=0, scale=_WAITING),
                    Value("Ждут с", f"1000 * {_OLDEST}", unit=MOMENT, missing="никто не ждёт"),
                ),
                rows=_EVERYBODY,
                sort="Без ответа",
                height=14,
            ),
        ),
        Section("По приоритетам"),
        (
            tables.table(
                "Реакция по приоритетам",
                "То же по приоритетам, все выбранные менеджеры вместе, и конец отдельно для взятых и для остальных. "
                f"{_PERIOD} K1 и K2 должны браться быстрее прочих; если нет, проверьте, приходят ли они в Telegram со "
                "звуком.",
                (
                    Label("priority", "Пр.", words=PRIORITIES, colored=True),
                    *_figures("priority"),
                    *(
                        Value(
                            f"{title} 50 %",
                            quantile(0.5, grown("recovery", bucket("priority"), f'acknowledged="{said}"')),
                            unit=HOURS,
                            decimals=1,
                        )
                        for title, said in (("Взятые", "yes"), ("Прочие", "no"))
                    ),
                ),
                rows=f"group by (priority) (kodeks_reaction_alerts_total{{{CHOSEN}}})",
                sort="Пр.",
                descending=False,
                height=9,
            ),
        ),
        (
            tables.table(
                "До реакции: менеджеры и приоритеты",
                "За какое время менеджер берёт половину из взятых оповещений каждого приоритета. "
                f"{_PERIOD} Прочерк — таких он не брал: смотрите в верхней таблице, были ли они.",
                (
                    _MANAGER,
                    *_by_priority(
                        quantile(0.5, grown("acknowledge", bucket("manager"), "PRIORITY")),
                        _UNTIL_TAKEN,
                        HOURS,
                        1,
                    ),
                ),
                rows=_EVERYBODY,
                sort="Менеджер",
                descending=False,
                width=12,
                height=14,
            ),
            tables.table(
                "Ждут сейчас: менеджеры и приоритеты",
                "Сколько невзятых оповещений у каждого менеджера прямо сейчас. Ноль — всё взято или ничего не "
                "случилось, прочерк — таких у него ещё не бывало. Начинайте с K1.",
                (
                    _MANAGER,
                    *_by_priority(now("waiting", "manager", "PRIORITY"), _WAITING),
                    Value("В работе", now("taken", "manager"), decimals=0),
                ),
                rows=_EVERYBODY,
                sort="Менеджер",
                descending=False,
                width=12,
                height=14,
            ),
        ),
        Section("Неделя за неделей"),
        (
            series.lines(
                "До реакции по неделям",
                "За какое время менеджер брал половину оповещений в неделю перед каждой точкой. Разрыв — за неделю он "
                "ничего не брал. Растёт у всех — сообщений стало больше, растёт у одного — спросите его.",
                (
                    Query(
                        quantile(0.5, week("acknowledge", bucket("manager"))),
                        "{{manager}}",
                        step="7d",
                    ),
                ),
                unit=HOURS,
                legend=("min", "max", "mean", "last"),
                width=12,
            ),
            series.lines(
                "До конца по неделям",
                "За какое время кончалась половина оповещений менеджера в неделю перед каждой точкой, взятых и нет. "
                "Долгие недели сравните с авариями тех дней: площадка, отпуск, продления.",
                (
                    Query(
                        quantile(0.5, week("recovery", bucket("manager"))),
                        "{{manager}}",
                        step="7d",
                    ),
                ),
                unit=HOURS,
                legend=("min", "max", "mean", "last"),
                width=12,
            ),
        ),
        (
            series.lines(
                "Взято по неделям",
                "Какую долю оповещений, кончившихся за неделю перед точкой, менеджер взял в работу. Разрыв — за неделю "
                "у него ничего не кончилось. Доля падает — люди привыкают не замечать: уберите лишние оповещения.",
                (
                    Query(
                        f"{week('alerts', 'manager', of('acknowledged'))} / ({week('alerts', 'manager')} > 0)",
                        "{{manager}}",
                        step="7d",
                    ),
                ),
                unit="percentunit",
                legend=("min", "max", "mean", "last"),
                most=1,
                width=12,
            ),
            series.lines(
                "Чем кончились оповещения по неделям",
                "Сколько оповещений выбранных менеджеров кончилось за неделю перед точкой и чем: взято, прошло молча, "
                "без ответа, не видели. Высокий столбик — тяжёлая неделя; важнее, какая его часть без ответа.",
                tuple(
                    Query(week("alerts", more=of(outcome)), word.text, step="7d")
                    for outcome, word in REACTION_OUTCOMES.items()
                ),
                style="bars",
                legend=("sum", "max", "last"),
                width=12,
            ),
        ),
        (
            series.lines(
                "Сколько ждали ответа",
                "Самое большое за час число невзятых оповещений каждого менеджера. Полка, которая не спадает, — "
                "оповещения, на которые никто не смотрит: разберите их или отключите.",
                (
                    Query(
                        f"sum by (manager) (max_over_time(manager:kodeks_reaction_waiting:hourly{{{CHOSEN}}}"
                        "[$__interval]))",
                        "{{manager}}",
                        step="1h",
                    ),
                ),
                gaps=True,
                height=9,
            ),
        ),
        *handling.ROWS,
        Section("Что действует сейчас"),
        (
            tables.table(
                "Действуют сейчас у выбранных клиентов",
                "Оповещения, на которые ждут ответа людей: взятые и нет, самые срочные сверху. Кто взял и зачем, видно "
                "в Alertmanager и по ссылке «Взять в работу»; что делать, сказано в самом сообщении.",
                (
                    Label("priority", "Пр.", words=PRIORITIES, colored=True),
                    CLIENT,
                    Label("title", "Что случилось", words=alerts.titles()),
                    Value("С какого времени", f"max by ({_ALERT}) ({_SINCE})", unit=MOMENT),
                    Label("alertname", "Оповещение"),
                    MANAGER,
                ),
                rows=(
                    f'max by ({_ALERT}, priority, title) (label_replace({_ALERTS}, "title", "$1", "alertname", "(.+)"))'
                ),
                sort="Пр.",
                descending=False,
                missing="действующих не видно",
                height=14,
            ),
        ),
    ),
)
