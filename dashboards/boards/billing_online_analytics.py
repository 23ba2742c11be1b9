"""How well online accesses are used, over managers: for the head of department."""

from dashboards import panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import MANAGER, Value

_DOCUMENTS = 'resource="documents"'
_LEFT = q.of_online("kodeks_online_left", matchers=_DOCUMENTS, how="min")
_LIMIT = q.of_online("kodeks_online_limit", matchers=_DOCUMENTS)
_USED = f"clamp_min(1 - {_LEFT} / on (account) ({_LIMIT} > 0), 0)"
_BY_MANAGER = q.ours_online(_USED, "manager")
_PAST = q.of_online(
    "account:kodeks_online_used:hourly", matchers=_DOCUMENTS, over="max_over_time", window="1d"
)  # fmt: skip
_CLIENTS = f"count(group by (client) ({q.ACCESSES}))"


def _share(condition: str) -> str:
    return q.total(f"count by (manager) ({_BY_MANAGER} {condition})", "manager")


BOARD = Board(
    name="billing-online-analytics",
    title="Биллинг Онлайн. Аналитика",
    about="Насколько клиенты каждого менеджера пользуются онлайн-доступами и сколько таких клиентов.",
    tags=("онлайн",),
    variables=variables.accesses(),
    time="90d",
    rows=(
        (
            panels.number(
                "Клиентов с онлайн-доступами",
                "У скольких клиентов есть хотя бы один онлайн-доступ под нашим наблюдением, с учётом фильтров вверху. "
                "Считаются клиенты, а не логины. Сверьте с договорами: доступ, которого здесь нет, никто не видит.",
                Query(_CLIENTS, instant=True),
                decimals=0,
                width=6,
                height=8,
            ),
            panels.number(
                "Онлайн-доступов",
                "Сколько логинов под наблюдением у этих клиентов. Считается по списку в настройках экспортёра. "
                "Больше, чем клиентов, потому что у одного клиента доступов бывает несколько.",
                Query(f"count({q.ACCESSES})", instant=True),
                decimals=0,
                width=6,
                height=8,
            ),
            panels.dial(
                "Использовано в среднем",
                "Средняя доля использованного лимита документов по всем выбранным доступам к этому дню месяца. Полосы: "
                "до 15 % — доступ не освоен, 15–75 % — хорошо, 75–90 % — много, выше 90 % — лимита мало или доступ "
                "отдают другим.",
                Query(f"avg({_USED})", instant=True),
                scale=standard.ONLINE_USED,
                width=12,
                height=8,
            ),
        ),
        (
            panels.bars(
                "Использовано в среднем по менеджерам",
                "Средняя доля использованного лимита документов по доступам каждого менеджера. Полосы 15, 75 и 90 %: "
                "красное — клиенты не пользуются тем, за что платят, оранжевое — пора предлагать больший лимит.",
                (Query(f"sort_desc(avg by (manager) ({_BY_MANAGER}))", "{{manager}}", instant=True),),
                unit="percentunit",
                decimals=0,
                scale=standard.ONLINE_USED,
                most=1,
                width=12,
                height=12,
            ),
            tables.table(
                "Доступы менеджеров по полосам",
                "Сколько доступов каждого менеджера в какой полосе использования документов в этом месяце. «До 15 %» — "
                "кого учить, «от 75 %» — с кем говорить о большем лимите. Судите после 20-го числа: в начале месяца "
                "мало у всех.",
                (
                    MANAGER,
                    Value("Доступов", q.total(f"count by (manager) ({q.ACCESSES})", "manager"), decimals=0),
                    Value("До 15 %", _share("< 0.15"), decimals=0, missing="0"),
                    Value("15–75 %", _share("< 0.75 >= 0.15"), decimals=0, missing="0"),
                    Value("75–90 %", _share("< 0.9 >= 0.75"), decimals=0, missing="0"),
                    Value("От 90 %", _share(">= 0.9"), decimals=0, missing="0"),
                ),
                sort="До 15 %",
                width=12,
                height=12,
            ),
        ),
        (
            series.lines(
                "Использовано по менеджерам, по дням",
                "Как росла средняя доля использованного лимита документов у каждого менеджера; 1-го числа всё "
                "начинается с нуля. Сравнивайте вершины перед концом месяца: если они снижаются, клиенты остывают.",
                (Query(f"avg by (manager) ({q.ours_online(_PAST, 'manager')})", "{{manager}}", step="1d"),),
                unit="percentunit",
                scale=standard.ONLINE_USED,
                legend=("max", "mean", "last"),
                gaps=True,
                most=1,
                height=12,
            ),
        ),
    ),
)
