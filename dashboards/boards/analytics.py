"""How much clients use the system, day by day."""

from dashboards import alerts, links, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel, Query, Section
from dashboards.tables import CLIENT, Label, Value

_DOMAIN = 'domain=~"$domain"'
_NAME = "{{client}} · {{installation}}"
_HOUR = 3600
_JOINED = 30 * _HOUR * 1000
"""Milliseconds: daily points are joined, a missing day is a gap."""

_USED = q.of("installation:kodeks_seats_used:hourly", over="max_over_time", window="$__interval")
_SEATS = q.of("installation:kodeks_seats:hourly", over="max_over_time", window="$__interval")
_WORKING = q.of("installation:kodeks_active_users:hourly", over="last_over_time", window="2h")
_MOST_USED, _MOST_SEATS = (
    q.of(f"installation:kodeks_{name}:hourly", over="max_over_time", window="$__range")
    for name in ("seats_used", "seats")
)
_KASSIST = f"{q.month_now('kassist', _DOMAIN)} / ({_WORKING} > 0)"
_SEARCHES = f'installation:kodeks_searches:daily{{{q.CHOSEN},status=~"empty|error"}}'
_FAILED = (
    f"clamp_min(sum by (installation) (last_over_time({_SEARCHES}{q.of_day(end=True)}))"
    f" - sum by (installation) (last_over_time({_SEARCHES}{q.of_day()})), 0)"
)
"""Within the day that begins at each point."""
_FAILED_MONTH = f"sum by (installation) (increase({_SEARCHES}[30d]))"
_PROFILE = links.board("client-profile", "Профиль клиента", client=links.label("client"))


def _daily(title: str, about: str, kind: str) -> Panel:
    """Bars of every day."""
    tail = (
        " Столбик — сутки, последний — ещё не кончившиеся; считается по отчётам, фильтр «Домен» действует. "
        "Обычный клиент работает каждый будний день: если столбики пропали, позвоните."
    )
    return series.many(
        title,
        about + tail,
        q.ours(q.daily(kind, _DOMAIN), "client"),
        q.told(kind, _DOMAIN),
        _NAME,
        step="1d",
        legend=("min", "max", "last", "sum"),
        style="bars",
        links=(_PROFILE,),
        width=12,
    )


_SINCE = "kodeks_user_first_seen_timestamp_seconds"
_SEEN = "kodeks_user_last_seen_timestamp_seconds"
_WHO = f"{{{q.CHOSEN},{_DOMAIN}}}"


def _absent(days: int) -> str:
    """Users of an installation, known for that many days, who did not log in during them."""
    border = f"time() - {days} * 86400"
    return (
        f"(count by (installation) (max by (installation, user, domain) ({_SINCE}{_WHO}) < {border} "
        f"unless on (installation, user, domain) {_SEEN}{_WHO} > {border}) and on (installation) {q.INSTALLATIONS})"
    )


_PEOPLE = (
    f"(count by (installation) (max by (installation, user, domain) ({_SINCE}{_WHO})) "
    f"and on (installation) {q.INSTALLATIONS})"
)
_GONE = f"({_absent(60)} or 0 * {_PEOPLE})"


BOARD = Board(
    name="analytics",
    title="Kodeks аналитика",
    about="Как клиенты пользуются системой: лицензии, запросы, документы, печать, неудачные поиски. По дням.",
    tags=("аналитика",),
    variables=variables.installations(domain=True),
    time="30d",
    annotations=alerts.incidents("6h"),
    rows=(
        Section("Лицензии"),
        (
            series.many(
                "Используемые лицензии",
                "Больше всего занятых рабочих мест за каждые три часа (на длинных отрезках — за каждый шаг графика). "
                "Считается по сессиям в отчётах и не зависит от домена. Сравните максимум с числом лицензий: если "
                "упирается, предложите расширение.",
                q.ours(_USED, "client"),
                _MOST_USED,
                _NAME,
                step="3h",
                gaps=_JOINED,
                links=(_PROFILE,),
                width=12,
            ),
            series.many(
                "Разница между используемыми лицензиями и регом",
                "Сколько лицензий по рег. файлу свободно в час наибольшей нагрузки: рег минус занятые. Ноль — мест "
                "нет, следующему откажут: предложите расширение. Если почти всё свободно круглый год, клиент может "
                "попросить уменьшить.",
                q.ours(f"{_SEATS} - {_USED}", "client"),
                f"({_MOST_SEATS} - {_MOST_USED})",
                _NAME,
                step="3h",
                lowest=True,
                gaps=_JOINED,
                links=(_PROFILE,),
                width=12,
            ),
        ),
        (
            series.many(
                "Количество лицензий на инсталляции",
                "Сколько рабочих мест в рег. файле каждой установки. Берётся из отчётов; ступенька — сменили рег. "
                "файл. Если число не то, что в договоре, проверьте рег. файл на сервере.",
                q.ours(_SEATS, "client"),
                _MOST_SEATS,
                _NAME,
                step="6h",
                style="steps",
                gaps=_JOINED,
                links=(_PROFILE,),
                width=12,
            ),
            tables.table(
                "Не пользуются системой в течение 60 дней",
                "Сколько пользователей не заходили 60 дней и больше, или ни разу, и какую долю всех они "
                "составляют. Учтены те, кто зарегистрирован раньше; фильтр «Домен» действует. Нужен ли им доступ: "
                "спросите у клиента, предложите обучение.",
                (
                    CLIENT,
                    Label("installation", "Установка"),
                    Value("Не заходили", _GONE, scale=standard.SOME_IS_WARNING),
                    Value("Доля", f"{_GONE} / {_PEOPLE}", unit="percentunit", decimals=0),
                    Value("Всего", _PEOPLE),
                ),
                rows=q.INSTALLATIONS,
                sort="Не заходили",
                width=12,
                height=10,
            ),
        ),
        Section("Работа за день"),
        (
            _daily("Запросы к БД", "Сколько запросов к базе сделали пользователи за сутки.", "requests"),
            _daily("Учитываемые документы", "Сколько документов открыли за сутки.", "documents"),
        ),
        (
            _daily("Сохранение документов", "Сколько документов сохранили за сутки.", "saves"),
            _daily("Печать документов", "Сколько документов напечатали за сутки.", "prints"),
        ),
        (
            series.lines(
                "Doc or Service",
                "Что открывают чаще: документы или сервисы, по всем выбранным клиентам вместе. Столбик — сутки; "
                "считается по отчётам, фильтр «Домен» действует. Сервисов почти нет — о них не знают: "
                "предложите показать.",
                tuple(
                    Query(f"sum({q.daily(kind, _DOMAIN)})", name, step="1d")
                    for kind, name in (("documents", "документы"), ("services", "сервисы"))
                ),
                legend=("min", "max", "last", "sum"),
                style="bars",
                width=12,
            ),
            series.many(
                "Количество неудачных поисков за сутки",
                "Поиски, которые ничего не нашли или кончились ошибкой, по суткам. Считается по "
                "отчётам, без деления на домены. Что именно искали — на дашборде «Поисковые запросы»: это спрос "
                "или повод научить.",
                q.ours(_FAILED, "client"),
                _FAILED_MONTH,
                _NAME,
                step="1d",
                legend=("min", "max", "last", "sum"),
                style="bars",
                links=(
                    links.board("search-queries", "Что искали", installation=links.label("installation")),
                    _PROFILE,
                ),
                width=12,
            ),
        ),
        (
            series.many(
                "Среднее число запросов kAssist за месяц",
                "Сколько раз за текущий месяц обратился к kAssist в среднем один работающий пользователь (с "
                "запросами в этом месяце). Растёт с 1-го числа; фильтр «Домен» действует. Около нуля к концу "
                "месяца — kAssist не освоили: предложите обучение.",
                q.ours(_KASSIST, "client"),
                _KASSIST,
                _NAME,
                step="6h",
                decimals=1,
                gaps=_JOINED,
                links=(links.board("kassist", "kAssist. Аналитика", client=links.label("client")), _PROFILE),
            ),
        ),
    ),
)
