"""Who holds a seat."""

from dashboards import panels, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value

_DOMAIN = 'domain=~"$domain"'
_SESSIONS = q.of("kodeks_session_info", "user", "domain", "ip", "browser", "since", matchers=_DOMAIN)
_USED = q.of("kodeks_seats_used")
_SEATS = q.of("kodeks_seats")
_TAKEN = f"{_USED} / on (installation) ({_SEATS} > 0)"

BOARD = Board(
    name="connected-users",
    title="Подключённые пользователи",
    about="Кто занимал места, когда сервер составлял последний отчёт: логин, домен, компьютер, с какого часа.",
    tags=("установки", "пользователи"),
    variables=variables.installations(domain=True),
    time="24h",
    refresh="5m",
    rows=(
        (
            panels.number(
                "Занято мест",
                "Сколько мест занято у выбранных клиентов, когда их серверы составляли последние отчёты (обычно не "
                "больше часа назад). Домен здесь не учитывается. Сравните с числом мест рядом.",
                Query(f"sum({_USED})", instant=True),
                decimals=0,
                width=6,
            ),
            panels.number(
                "Мест всего",
                "Сколько мест положено выбранным клиентам по регистрационным файлам. Берётся из последних отчётов. "
                "Если число не то, что в договоре, проверьте регистрационный файл на сервере.",
                Query(f"sum({_SEATS})", instant=True),
                decimals=0,
                width=6,
            ),
            panels.number(
                "Установок без свободных мест",
                "У скольких установок в последнем отчёте заняты все места; 0 — таких нет. Следующий пользователь туда "
                "не войдёт: посмотрите ниже, кто держит места с утра, и подумайте о новых местах для клиента.",
                Query(q.number_of(f"{_TAKEN} >= 1", _TAKEN), instant=True),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=6,
            ),
            panels.number(
                "Подключений в таблице",
                "Сколько подключений показано ниже с учётом фильтров, в том числе домена; 0 — никого. У каждой "
                "установки хранится не больше 500 подключений; у тех, кто не отдаёт имён, таблица пуста.",
                Query(q.number_of(_SESSIONS, _USED), instant=True),
                decimals=0,
                width=6,
            ),
        ),
        (
            tables.table(
                "Кто подключён",
                "Каждое занятое место по последнему отчёту: логин, домен, адрес компьютера, браузер и с какого времени "
                "(местного). Сверху — кто сидит дольше всех. Один логин с многих адресов — им пользуются вместе; "
                "места, занятые с ночи, можно освободить.",
                (
                    CLIENT,
                    INSTALLATION,
                    Label("user", "Логин"),
                    Label("domain", "Домен"),
                    Label("ip", "IP-адрес"),
                    Label("browser", "Браузер"),
                    Label("since", "С", moment=True),
                    Value("Подключение", q.ours(_SESSIONS, "client", "manager"), decimals=0, shown=False),
                    MANAGER,
                ),
                sort="С",
                descending=False,
                height=18,
            ),
        ),
        (
            tables.table(
                "Занято мест по установкам",
                "Сколько мест занято из скольких у каждой установки, по последнему отчёту. Красное — заняты все. "
                "Если так бывает каждый день, клиенту нужны места: возьмите с дашборда «Kodeks аналитика» график и "
                "звоните.",
                (
                    CLIENT,
                    INSTALLATION,
                    Value("Занято", _USED, decimals=0),
                    Value("Мест", _SEATS, decimals=0),
                    Value("Доля", _TAKEN, unit="percentunit", decimals=0, scale=standard.SEATS_USED),
                    MANAGER,
                ),
                rows=q.INSTALLATIONS,
                sort="Доля",
                height=12,
            ),
        ),
    ),
)
