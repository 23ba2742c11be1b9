"""Units of an online access left at each month's end: for talks about the next year."""

from dashboards import months, panels, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import Figure
from dashboards.words import RESOURCES


def _left(resource: str) -> q.Months:
    return lambda month: months.online_left(resource, month)


def _limit(resource: str) -> str:
    matchers = f'resource="{resource}"'
    return f"sum({q.of_online('kodeks_online_limit', matchers=matchers)})"


_THIS_YEAR = 'month=~"$year-.*"'

BOARD = Board(
    name="billing-online-renewal",
    title="Биллинг Онлайн. Данные для пролонгации",
    about="Сколько каждого ресурса осталось у клиента к концу каждого месяца выбранного года.",
    tags=("онлайн", "пролонгация"),
    variables=(*variables.accesses(one_client=True), *variables.year("kodeks_online_month_left")),
    time="24h",
    rows=(
        tuple(
            panels.number(
                f"Лимит в месяц: {word.text}",
                f"Сколько единиц ресурса «{word.text}» в месяц положено клиенту по всем его доступам сейчас. Берётся "
                "со страницы профиля у производителя. Сравните с остатками в таблице: столько мы продали и столько "
                "осталось неиспользованным.",
                Query(_limit(resource), instant=True),
                decimals=0,
                width=6,
            )
            for resource, word in RESOURCES.items()
        ),
        (
            tables.months(
                "Остатки на конец месяца",
                "Что осталось от месячного лимита к последнему дню каждого месяца (в текущем — на сейчас) и на "
                "сколько процентов это больше или меньше, чем месяцем раньше. Лимит обновляется 1-го числа. Большой "
                "остаток из месяца в месяц — доступом не пользуются, ноль — пора предлагать больше.",
                tuple(
                    Figure(word.text, _left(resource), f"{word.text} ±%", decimals=0, total=False, more_is_better=False)
                    for resource, word in RESOURCES.items()
                ),
            ),
        ),
        (
            panels.columns(
                "Остаток документов по месяцам",
                "Тот же остаток документов столбиками. Низкие столбики — в этом месяце работали много; если таких "
                "месяцев несколько подряд, лимита мало. Высокие круглый год — клиенту нужно обучение, а не скидка.",
                (Query(_left("documents")(_THIS_YEAR), instant=True),),
                "month",
                names={"month": "Месяц", "A": "Осталось документов"},
                words=tables.SHORT_MONTHS,
                width=12,
            ),
            panels.columns(
                "Остаток поиска по месяцам",
                "Остаток поисковых запросов к концу месяца столбиками. Поиск кончается раньше документов — люди ищут "
                "и не находят: посмотрите дашборд «Поисковые запросы. Онлайн».",
                (Query(_left("searches")(_THIS_YEAR), instant=True),),
                "month",
                names={"month": "Месяц", "A": "Осталось поиска"},
                words=tables.SHORT_MONTHS,
                width=12,
            ),
        ),
    ),
)
