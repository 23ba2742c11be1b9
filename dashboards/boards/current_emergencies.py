"""Alerts firing now for one's own clients."""

from dashboards import alerts, links, panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel, Query
from dashboards.standard import Scale
from dashboards.tables import CLIENT, Label, Value
from dashboards.units import MOMENT_OF_YEAR
from dashboards.variables import Variable
from dashboards.words import PRIORITIES, SEVERITIES

_CHOSEN = (
    'branch=~"$branch",manager=~"$manager",client=~"$client",priority=~"$priority",severity=~"$severity",'
    'alertname!="KodeksWatchdog"'
)
_FIRING = f'ALERTS{{alertstate="firing",{_CHOSEN}}}'
_JUDGED = 'kodeks:installation:info or ALERTS{alertname="KodeksWatchdog"}'
"""Present while Prometheus evaluates our rules."""
_SINCE = f"1000 * ALERTS_FOR_STATE{{{_CHOSEN}}} and ignoring (alertstate) {_FIRING}"
_BY = "alertname, client, manager, installation, account"
_PLACES = ("account", "catalog", "volume", "user", "file", "hosting", "server")
"""Labels that share a column: an alert has one or two of them at most."""
_WHERE = f'label_join({_FIRING}, "where", " ", ' + ", ".join(f'"{label}"' for label in _PLACES) + ")"
_ROWS = (
    f"max by ({_BY}, priority, severity, url, title, where) (label_replace("
    f'label_replace({_WHERE}, "where", "$1", "where", " *(.*?) *"), "title", "$1", "alertname", "(.+)"))'
)
_REGISTERED = f"max by (installation, legal_entity, regnum) (kodeks_registration_info) and on (installation) {_FIRING}"


def _count(priority: str, scale: Scale, about: str) -> Panel:
    return panels.number(
        f"Приоритет {priority}",
        f"{about} Считаются срабатывания, которые идут сейчас, у выбранных клиентов; 0, если таких нет.",
        Query(q.number_of(f'{_FIRING[:-1]},priority="{priority}"}}', _JUDGED), instant=True),
        scale=scale,
        width=4,
    )


_ALERTING = Scale(standard.GREEN, ((1, standard.RED),))
_WARNING = Scale(standard.GREEN, ((1, standard.ORANGE),))
_TELLING = Scale(standard.GREEN, ((1, standard.BLUE),))

BOARD = Board(
    name="current-emergencies",
    title="Текущие аварийные ситуации",
    about="Всё, что не в порядке прямо сейчас: какие оповещения идут, у кого, с какого времени и что с этим делать.",
    tags=("аварии",),
    variables=(
        *(each for each in variables.both() if each.name not in ("installation", "account")),
        Variable("priority", "Приоритет", kind="custom", query="K1,K2,K3,K4,K5"),
        Variable("severity", "Важность", kind="custom", query="авария : critical,к сведению : info"),
    ),
    time="6h",
    refresh="30s",
    rows=(
        (
            _count("K1", _ALERTING, "Сколько самых срочных: не работает совсем, чинить немедленно, в любое время."),
            _count("K2", _ALERTING, "Сколько срочных: работа пользователей нарушена, чинить сейчас."),
            _count("K3", _WARNING, "Сколько важных: сломается или кончится на днях, заняться сегодня."),
            _count("K4", _TELLING, "Сколько обычных: не мешает работе, заняться в рабочее время."),
            _count("K5", _TELLING, "Сколько поводов для менеджера: позвонить, предложить, научить."),
            panels.number(
                "Клиентов затронуто",
                "У скольких клиентов сейчас есть авария (важность critical). Один сбой площадки задевает многих "
                "сразу: начните с общей причины. 0, если аварий нет.",
                Query(
                    q.number_of(f'count by (client) ({_FIRING[:-1]},severity="critical",client!=""}})', _JUDGED),
                    instant=True,
                ),
                scale=_ALERTING,
                width=4,
            ),
        ),
        (
            tables.table(
                "Что случилось и у кого",
                "Оповещения, которые идут сейчас, самые срочные сверху. Берутся из Prometheus: показано и то, что "
                "Alertmanager заглушил как следствие. «Где» — доступ, каталог, пользователь, файл или площадка. "
                "Пусто, а на плитках нули — аварий нет; плитки серые — не видно нам.",
                (
                    Label("priority", "Пр.", words=PRIORITIES, colored=True, width=58),
                    Label("severity", "Важность", words=SEVERITIES, colored=True, width=98),
                    CLIENT,
                    Label("title", "Что случилось", words=alerts.titles()),
                    Label("where", "Где", width=98),
                    Value("С", f"max by ({_BY}) ({_SINCE})", unit=MOMENT_OF_YEAR),
                    Label("manager", "Менеджер", width=92),
                    Label("installation", "Установка", links=(links.fleet(),), width=94),
                    Label("legal_entity", "Юр. лицо", width=92),
                    Label("regnum", "Рег. №", width=80),
                    Label("url", "Адрес", links=(links.address(),), width=90),
                    Label("alertname", "Оповещение", width=92),
                    Value("Зарегистрирован", _REGISTERED, shown=False),
                ),
                rows=_ROWS,
                sort="Пр.",
                descending=False,
                missing="оповещений не видно",
                height=22,
            ),
        ),
        (
            series.lines(
                "Сколько оповещений идёт",
                "Число идущих оповещений по приоритетам за выбранное время. Резкий рост — общая причина: площадка, "
                "DNS, обновление. Смотрите, что началось первым.",
                (
                    Query(
                        f"count by (priority) ({_FIRING})",
                        legend="{{priority}}",
                    ),
                ),
                style="steps",
                height=8,
            ),
        ),
    ),
)
