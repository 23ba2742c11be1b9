"""Availability of clients' servers over 30 days."""

from dashboards import alerts, links, panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value

_INTERFACE = q.of("installation:kodeks_interface_up:avg30d")
_PORT = q.of("installation:kodeks_port_up:avg30d")


def _by_day(metric: str) -> str:
    return q.ours(f"max by (installation) (avg_over_time({metric}{{{q.CHOSEN}}}[1d] offset -1d))", "client")


BOARD = Board(
    name="availability",
    title="Доступность серверов",
    about="Какую долю последних 30 дней серверы клиентов были доступны пользователям.",
    tags=("установки",),
    variables=variables.installations(),
    time="30d",
    annotations=alerts.incidents("6h"),
    rows=(
        (
            panels.number(
                "В среднем: интерфейс",
                "Средняя доступность главной страницы за 30 дней по выбранным установкам. Проверка идёт раз в 30 "
                "секунд; ночной перезапуск и обновления тоже в счёте, поэтому норма — от 95 до 99 %. Если ниже, ищите "
                "в таблице, кто тянет вниз.",
                Query(f"avg({_INTERFACE})", instant=True),
                unit="percentunit",
                decimals=2,
                scale=standard.AVAILABILITY,
                width=8,
            ),
            panels.number(
                "В среднем: порт",
                "Средняя доступность порта сервера за 30 дней. Порт открыт и тогда, когда сам Кодекс показывает "
                "ошибку, поэтому число обычно выше, чем у интерфейса. Большая разница между ними — повод смотреть "
                "ошибки сервера, а не сеть.",
                Query(f"avg({_PORT})", instant=True),
                unit="percentunit",
                decimals=2,
                scale=standard.AVAILABILITY,
                width=8,
            ),
            panels.number(
                "Ниже 95 %",
                "У скольких установок интерфейс был доступен меньше 95 % времени за 30 дней; 0 — таких нет. Это больше "
                "полутора суток простоя: с такими клиентами нужно разобраться до того, как они пожалуются.",
                Query(q.number_of(f"{_INTERFACE} < 0.95", _INTERFACE), instant=True),
                scale=standard.NONE_IS_GOOD,
                width=8,
            ),
        ),
        (
            tables.table(
                "Доступность за 30 дней",
                "Доля времени, когда открывалась главная страница (интерфейс) и когда отвечал порт. Норма — от 95 до "
                "99 %: в счёт входят ночные перезапуски. Сверху те, у кого хуже всего. Кто только присылает отчёты, не "
                "опрашивается, и здесь его нет.",
                (
                    CLIENT,
                    INSTALLATION,
                    Value("Интерфейс", _INTERFACE, unit="percentunit", decimals=2, scale=standard.AVAILABILITY),
                    Value("Порт", _PORT, unit="percentunit", decimals=2, scale=standard.AVAILABILITY),
                    Label("url", "Адрес", links=(links.address(),)),
                    Label("hosting", "Площадка"),
                    MANAGER,
                ),
                rows=f"{q.INSTALLATIONS} and on (installation) ({_INTERFACE} or {_PORT})",
                sort="Интерфейс",
                descending=False,
                height=14,
            ),
        ),
        (
            series.many(
                "Доступность интерфейса по дням",
                "Доля каждых суток, когда открывалась главная страница. Одинокий провал — разовая авария, провалы в "
                "одни и те же дни — плановые работы, медленное сползание — повод звонить администратору клиента.",
                _by_day("installation:kodeks_interface_up:hourly"),
                _INTERFACE,
                "{{client}} ({{installation}})",
                step="1d",
                lowest=True,
                unit="percentunit",
                decimals=1,
                scale=standard.AVAILABILITY,
                legend=("max", "mean", "min"),
                most=1,
                gaps=True,
            ),
        ),
        (
            series.many(
                "Доступность порта по дням",
                "Доля каждых суток, когда порт сервера принимал соединения. Если порт недоступен, виноваты сеть, "
                "площадка или выключенный сервер; если доступен, а интерфейс нет, — сам Кодекс или прокси перед ним.",
                _by_day("installation:kodeks_port_up:hourly"),
                _PORT,
                "{{client}} ({{installation}})",
                step="1d",
                lowest=True,
                unit="percentunit",
                decimals=1,
                scale=standard.AVAILABILITY,
                legend=("max", "mean", "min"),
                most=1,
                gaps=True,
            ),
        ),
    ),
)
