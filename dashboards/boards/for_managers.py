"""For a manager's morning: clients' figures against the standard, and whom to call."""

from dashboards import links, panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel, Query, Section
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import DATE, HOURS
from dashboards.words import EMPTY_CAUSES

_DOMAIN = 'domain=~"$domain"'
_WHO = f'{_DOMAIN},user=~"$login"'
_NAME = "{{client}} · {{installation}}"
_PROFILE = links.board("client-profile", "Профиль клиента", client=links.label("client"))
_INSTALLATION = Label("installation", "Установка")

_SHOWN = 25
"""A panel has room for this many bars: the clients that need help most."""

_SEATS = q.of("installation:kodeks_seats:max")
_DAYS_LEFT = q.of("installation:kodeks_licence_expiry_days:min")
_ACTIVITY = f"({q.month_now('documents', _DOMAIN)} + {q.month_now('searches_intellectual', _DOMAIN)})"
_ACTIVE = (
    f'(sum by (installation) (max by (installation, domain, month) (kodeks_month_users{{{q.CHOSEN},kind="active",'
    f"{_DOMAIN}}}) and on (month) {q.CURRENT_MONTH}) and on (installation) {q.INSTALLATIONS})"
)
_INVOLVEMENT = f"({_ACTIVE} / ({_SEATS} > 0))"

_FIRST = q.of("kodeks_user_first_seen_timestamp_seconds", "user", "domain", matchers=_WHO)
_LAST = q.of("kodeks_user_last_seen_timestamp_seconds", "user", "domain", matchers=_WHO)
_PEOPLE = f"(count by (installation) ({_FIRST}))"

_REFUSED = "sum by (installation, user) (max by (installation, user, reason) (kodeks_connections_rejected_total{%s}%s))"
_REFUSED_WHOM = f'{q.CHOSEN},user=~"$login"'


def _refused(window: str) -> str:
    """How often each user was refused within the preceding window; only users who were."""
    now, past = _REFUSED % (_REFUSED_WHOM, ""), _REFUSED % (_REFUSED_WHOM, f" offset {window}")
    return f"(({now} - {past} or {now}) > 0 and on (installation) {q.INSTALLATIONS})"


def _idle(days: int) -> Panel:
    border = f"time() - {days} * 86400"
    idle = (
        f"(count by (installation) ({_FIRST} < {border} unless on (installation, user, domain) {_LAST} > {border}) "
        f"or 0 * {_PEOPLE})"
    )
    return tables.table(
        f"Ноль запросов к БД за {days} дней",
        f"Кто не работал {days} дней и больше: доля, число и сколько всего пользователей. Считается по последнему "
        "заходу из отчётов; недавно зарегистрированные не учтены, фильтры «Домен» и «Логин» действуют. Узнайте у "
        "клиента, нужен ли этим людям доступ.",
        (
            CLIENT,
            Value(
                "Доля",
                f"{idle} / {_PEOPLE}",
                unit="percentunit",
                decimals=0,
                scale=standard.Scale(standard.GREEN, ((0.3, standard.YELLOW), (0.6, standard.RED))),
            ),
            Value("Не работали", idle),
            Value("Всего", _PEOPLE),
            _INSTALLATION,
        ),
        rows=q.INSTALLATIONS,
        sort="Доля",
        width=12,
        height=10,
    )


def _hourly(title: str, about: str, kind: str) -> Panel:
    return series.many(
        title,
        about + " Считается по отчётам, которые приходят раз в час; фильтр «Домен» действует. Пустой рабочий день у "
        "того, кто обычно работает, — повод позвонить.",
        q.ours(q.grown(kind, "1h", _DOMAIN), "client"),
        q.grown(kind, "1d", _DOMAIN),
        _NAME,
        step="1h",
        legend=("min", "max", "last", "sum"),
        style="bars",
        links=(_PROFILE,),
        width=12,
    )


def _hours_since(how: str) -> str:
    return f"((time() - {q.of('kodeks_operup_timestamp_seconds', how=how)}) / 3600)"


_FILLED = q.of("kodeks_user_card_field_filled", "user", "domain", matchers=_WHO, how="min")
_SEEN = f"{_LAST} > time() - 30 * 86400"

BOARD = Board(
    name="for-managers",
    title="Для менеджеров",
    about="Утро менеджера: клиенты рядом со стандартом поддержки, кому отказали в доступе, кто перестал работать.",
    tags=("аналитика",),
    variables=variables.installations(domain=True, login=True),
    time="24h",
    refresh="15m",
    rows=(
        (
            tables.table(
                "Параметры клиентов",
                "Главное о каждом клиенте: срок лицензии (ближайший из рег. файла и томов), вовлечённость и "
                "активность в этом месяце, места, рег. номер. Цвета — по стандарту: вовлечённость от 60 %, "
                "активность от 20. До 20-го числа низкие значения — ещё не повод для тревоги.",
                (
                    CLIENT,
                    Value(
                        "Лицензия до",
                        "1000 * (time() + 86400 * " + _DAYS_LEFT + ")",
                        unit=DATE,
                    ),
                    Value(
                        "Дней осталось",
                        _DAYS_LEFT,
                        decimals=0,
                        scale=standard.LICENCE_DAYS,
                    ),
                    Value(
                        "Вовлечённость",
                        q.of("installation:kodeks_involvement:ratio"),
                        unit="percentunit",
                        decimals=0,
                        scale=standard.INVOLVEMENT,
                    ),
                    Value("Активность", q.of("installation:kodeks_activity:max"), scale=standard.ACTIVITY),
                    Value("Рабочих мест", _SEATS),
                    Label("regnum", "Рег. номер"),
                    MANAGER,
                    Label("url", "Адрес", links=(links.address(),)),
                    _INSTALLATION,
                    Value(
                        "Регистрация",
                        q.of("kodeks_registration_info", "regnum"),
                        shown=False,
                    ),
                ),
                rows=q.least_first(q.INSTALLATIONS, "installation", _DAYS_LEFT),
                height=12,
            ),
        ),
        Section("Работа в этом месяце"),
        (
            panels.bars(
                "Активность пользователей в текущем месяце",
                "Интеллектуальные поиски плюс открытые документы с 1-го числа, по последнему отчёту; фильтр "
                "«Домен» действует, «Логин» нет. По стандарту к 20-му числу должно быть больше 20. Показаны 25 "
                "самых низких: красным — кому звонить. Нет клиента — в этом месяце ещё не было отчёта.",
                (Query(f"sort(bottomk({_SHOWN}, {q.ours(_ACTIVITY, 'client')}))", legend=_NAME, instant=True),),
                scale=standard.ACTIVITY,
                links=(_PROFILE,),
            ),
            panels.bars(
                "Процент реальной вовлечённости в текущем месяце",
                "Какая доля рабочих мест «работает»: пользователи с запросами в этом месяце, делённые на места "
                "рег. файла. Фильтр «Домен» действует, показаны 25 самых низких. По стандарту больше 60 % к 20-му "
                "числу; больше 100 % — людей больше, чем мест: предложите расширение.",
                (Query(f"sort(bottomk({_SHOWN}, {q.ours(_INVOLVEMENT, 'client')}))", legend=_NAME, instant=True),),
                unit="percentunit",
                decimals=0,
                scale=standard.INVOLVEMENT,
                links=(_PROFILE,),
            ),
        ),
        (
            _hourly("Запросы к БД за час", "Сколько запросов к базе сделали пользователи за каждый час.", "requests"),
            _hourly("Billing Docs", "Сколько документов открыли (учитываемые документы) за каждый час.", "documents"),
        ),
        (
            _hourly("Print statistic", "Сколько документов напечатали за каждый час.", "prints"),
            _hourly("Сохранено документов за 1 час", "Сколько документов сохранили за каждый час.", "saves"),
        ),
        Section("Лицензии и отказы"),
        (
            tables.table(
                "Максимальное число занятых лицензий на инсталляции",
                "Больше всего занятых мест за выбранное время, сколько мест всего и доля. Считается по сессиям в "
                "отчётах. 90 % и больше — скоро кому-то не хватит места: предложите расширение.",
                (
                    CLIENT,
                    Value(
                        "Занято",
                        q.of("installation:kodeks_seats_used:hourly", over="max_over_time", window="$__range"),
                    ),
                    Value("Рабочих мест", _SEATS),
                    Value(
                        "Доля",
                        q.of("installation:kodeks_seats_used:hourly", over="max_over_time", window="$__range")
                        + f" / ({_SEATS} > 0)",
                        unit="percentunit",
                        decimals=0,
                        scale=standard.SEATS_USED,
                    ),
                    _INSTALLATION,
                ),
                rows=q.INSTALLATIONS,
                sort="Доля",
                width=12,
                height=10,
            ),
            tables.table(
                "Пользователи и количество раз, которые не смогли подключиться из-за использования всех лицензий в "
                "течение 1 дня",
                "Кому за последние сутки отказали, потому что все места были заняты, и сколько раз; фильтр «Логин» "
                "действует. Пусто — никому. Это самый сильный довод за расширение: назовите клиенту людей.",
                (
                    CLIENT,
                    Label("user", "Логин"),
                    Value("Отказов", q.ours(_refused("1d"), "client", "manager"), scale=standard.SOME_IS_WARNING),
                    _INSTALLATION,
                    MANAGER,
                ),
                sort="Отказов",
                missing="отказов не видно",
                width=12,
                height=10,
            ),
        ),
        (
            series.many(
                "Количество пользователей, которые не смогли подключиться за 1 час",
                "Скольким пользователям за каждый час отказали из-за нехватки мест; фильтр «Логин» действует. Нет "
                "столбика — отказов не было. Отказы каждый день в одни часы — мест не хватает постоянно, "
                "предложите расширение.",
                q.ours(f"count by (installation) ({_refused('1h')})", "client"),
                f"count by (installation) ({_refused('1d')})",
                _NAME,
                step="1h",
                style="bars",
                legend=("max", "last", "sum"),
                missing="отказов не видно",
                links=(_PROFILE,),
            ),
        ),
        Section("Кто не работает и кого учить"),
        (_idle(30), _idle(60)),
        (
            tables.table(
                "Работа kAssist за последние 30 дней",
                "Сколько раз пользователи клиента обратились к kAssist за 30 дней; фильтр «Домен» действует. Ноль "
                "при установленном kAssist — не освоили: предложите обучение.",
                (
                    CLIENT,
                    Value("Обращений", q.grown("kassist", "30d", _DOMAIN)),
                    Label("kassist", "Версия kAssist"),
                    _INSTALLATION,
                    Value("Версия", q.of("kodeks_build_info", "kassist"), shown=False),
                ),
                rows=q.INSTALLATIONS,
                sort="Обращений",
                width=12,
                height=10,
            ),
            panels.bars(
                "Процент заполненных карточек заходивших в систему пользователей",
                "У какой доли заходивших за 30 дней карточка заполнена целиком: ФИО, должность, отдел, телефон, "
                "почта. Фильтры «Домен» и «Логин» действуют, показаны 25 самых низких. Чьи карточки дописать, "
                "видно на дашборде «Карточки пользователей».",
                (
                    Query(
                        f"sort(bottomk({_SHOWN}, "
                        + q.ours(
                            f"avg by (installation) ({_FILLED} and on (installation, user, domain) ({_SEEN}))",
                            "client",
                        )
                        + "))",
                        legend=_NAME,
                        instant=True,
                    ),
                ),
                unit="percentunit",
                decimals=0,
                scale=standard.FILLED,
                most=1,
                links=(
                    links.board("user-cards", "Чьи карточки", installation=links.label("installation")),
                    _PROFILE,
                ),
            ),
        ),
        Section("База и поиски"),
        (
            tables.table(
                "Сколько часов назад обновились файлы в OperUp",
                "Возраст файлов ежедневных обновлений: самого свежего и самого старого. Больше 72 часов — "
                "обновления не ставятся: проверьте задание обновления на сервере. Один старый файл при свежих "
                "остальных — забытый продукт.",
                (
                    CLIENT,
                    Value("Старый", _hours_since("min"), unit=HOURS, decimals=0, scale=standard.OPERUP_HOURS),
                    Value("Свежий", _hours_since("max"), unit=HOURS, decimals=0, scale=standard.OPERUP_HOURS),
                    _INSTALLATION,
                ),
                rows=q.INSTALLATIONS,
                sort="Старый",
                width=9,
                height=12,
            ),
            tables.table(
                "Детектирование, что ничего не нашлось",
                "Поиски последних двух недель, которые ничего не нашли: кто, что и почему (вероятная причина). "
                "Хранится до ста на установку; фильтр «Логин» действует. «Нет в комплекте» — повод предложить, "
                "«раскладка» и «опечатка» — научить.",
                (
                    Label("time", "Время", moment=True),
                    CLIENT,
                    Label("user", "Логин"),
                    Label("query", "Что искали"),
                    Label("cause", "Причина", words=EMPTY_CAUSES, colored=True),
                    Value(
                        "Длительность",
                        q.ours(
                            q.of(
                                "kodeks_search_event_info",
                                "user",
                                "query",
                                "cause",
                                "time",
                                matchers='status="empty",user=~"$login"',
                            ),
                            "client",
                        ),
                        shown=False,
                    ),
                ),
                sort="Время",
                missing="пустых поисков не видно",
                width=15,
                height=12,
            ),
        ),
    ),
)
