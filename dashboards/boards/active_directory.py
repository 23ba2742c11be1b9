"""A month's use by domains of Active Directory: how departments and branches of a client work."""

from dashboards import panels, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value
from dashboards.variables import Variable

_DOMAIN = 'domain=~"$domain"'
_MONTH = 'month="$month"'
_EACH = "installation, domain"


def _used(kind: str) -> str:
    return q.usage(kind, _MONTH, _DOMAIN, by=_EACH)


def _by_domain(kind: str) -> str:
    used = q.usage(kind, _MONTH, _DOMAIN, by="domain")
    return f'sort_desc(topk(20, label_replace({used}, "domain", "без домена", "domain", "")))'


def _users(kind: str) -> str:
    matchers = f'{q.CHOSEN},kind="{kind}",{_MONTH},{_DOMAIN}'
    return (
        f"sum by ({_EACH}) (max by ({_EACH}) (kodeks_month_users{{{matchers}}} or "
        f"last_over_time(installation:kodeks_month_users:daily{{{matchers}}}[{q.YEAR_BACK}])) "
        f"and on (installation) {q.INSTALLATIONS})"
    )


_SEATS = f"count by ({_EACH}) ({q.of('kodeks_session_info', 'domain', 'user', 'ip', matchers=_DOMAIN)})"

BOARD = Board(
    name="active-directory",
    title="Статистика в разрезе MS Active Directory",
    about="Как пользуются системой домены Active Directory (отделы, филиалы клиента) за выбранный месяц.",
    tags=("установки", "пользователи"),
    variables=(
        *variables.installations(domain=True),
        Variable(
            "month",
            "Месяц",
            query=f"label_values(installation:kodeks_usage:daily{{{q.CHOSEN}}}, month)",
            many=False,
            newest_first=True,
        ),
    ),
    time="90d",
    rows=(
        (
            tables.table(
                "Домены за месяц",
                "По каждому домену установки за выбранный месяц: запросы к базе, открытые документы (учитываемые), "
                "услуги и переходы по ссылкам (неучитываемые), печать, сохранение, сколько пользователей работало из "
                "скольких заведённых. «Места» — подключения в последнем отчёте. Домен, где мало кто работает, — "
                "отдел, который нужно учить; пустой домен — пользователи без Active Directory.",
                (
                    CLIENT,
                    INSTALLATION,
                    Label("domain", "Домен"),
                    Value("Запросы", _used("requests"), decimals=0),
                    Value("Документы", _used("documents"), decimals=0),
                    Value("Услуги", _used("services"), decimals=0),
                    Value("Ссылки", _used("links"), decimals=0),
                    Value("Печать", _used("prints"), decimals=0),
                    Value("Сохранение", _used("saves"), decimals=0),
                    Value("Работали", _users("active"), decimals=0),
                    Value("Заведено", _users("all"), decimals=0),
                    Value("Места", _SEATS, decimals=0, missing="0"),
                    MANAGER,
                ),
                rows=q.ours(_used("requests"), "client", "manager"),
                sort="Запросы",
                height=18,
            ),
        ),
        (
            panels.bars(
                "Запросы к базе по доменам",
                "Двадцать доменов с наибольшим числом запросов за выбранный месяц, по всем выбранным клиентам вместе. "
                "Сравните с числом людей в домене: маленький отдел с длинной полосой — опытные пользователи, на них и "
                "опирайтесь.",
                (Query(_by_domain("requests"), "{{domain}}", instant=True),),
                decimals=0,
            ),
            panels.bars(
                "Документы по доменам",
                "Двадцать доменов с наибольшим числом открытых документов за выбранный месяц. Много запросов и мало "
                "документов — ищут, но не находят: загляните в «Поисковые запросы».",
                (Query(_by_domain("documents"), "{{domain}}", instant=True),),
                decimals=0,
            ),
        ),
    ),
)
