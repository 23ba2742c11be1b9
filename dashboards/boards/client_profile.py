"""How clients use what they bought, over the year: whom to call now and whom not."""

from collections.abc import Iterator

from dashboards import links, panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel, Query, Section
from dashboards.standard import Scale
from dashboards.tables import INSTALLATION, MANAGER, Label, Value
from dashboards.units import DATE
from dashboards.words import ADVICE_REASONS, CLASSES, MONTH_NAMES

_LEFT, _LIMIT = (
    q.of_online(f"kodeks_online_{name}", matchers='resource="documents"', how="min") for name in ("left", "limit")
)
_USED = f"clamp_min(1 - {_LEFT} / ({_LIMIT} > 0), 0)"
_CLASS = f"({q.of_online('kodeks_online_class', 'class')} == 1)"
_CLASSED = q.of_online("kodeks_online_class")

_CLIENT = Label("client", "Клиент", links=(links.renewal(), links.score()))
_LOGIN = Label("login", "Логин")
_ACCOUNT = Label(
    "account",
    "Доступ",
    links=(
        links.board("billing-online", "Остатки и лимиты", account=links.cell("Доступ")),
        links.board("search-queries-online", "Что ищут", account=links.cell("Доступ")),
    ),
)
_MONTH = Scale(
    standard.RED,
    ((0.01, standard.ORANGE), (0.15, standard.GREEN), (0.75, standard.YELLOW), (0.9, standard.PURPLE)),
)
"""As ``ONLINE_USED``, but months without any use are separate."""


def _advised(title: str, about: str, advice: str, more: Value, missing: str) -> Panel:
    """Accesses with that advice; ``more`` is a column of its own."""
    advised = q.of_online("kodeks_online_advice", "reason", matchers=f'advice="{advice}"')
    column = Value(more.title, f"{more.expr} and on (account) {advised}", more.unit, more.decimals, more.scale)
    return tables.table(
        title,
        about,
        (_CLIENT, Label("reason", "Почему", words=ADVICE_REASONS), column, _LOGIN, _ACCOUNT, MANAGER),
        rows=q.ours_online(advised, "client", "manager", "login"),
        sort=more.title,
        descending=False,
        missing=missing,
        height=9,
    )


def _months_online() -> Iterator[Value]:
    """Share of the documents limit used in each month of the year."""
    limit = q.of_online(
        "account:kodeks_online_limit:daily",
        matchers='resource="documents"',
        over="last_over_time",
        window=q.YEAR_BACK,
    )
    for number, name in enumerate(MONTH_NAMES, start=1):
        matchers = f'{q.CHOSEN_ACCOUNT},resource="documents",month="$year-{number:02}"'
        left = (
            f"(min by (account) (kodeks_online_month_left{{{matchers}}} or "
            f"last_over_time(account:kodeks_online_month_left:daily{{{matchers}}}[{q.YEAR_BACK}])) "
            f"and on (account) {q.ACCESSES})"
        )
        share = f"clamp_min(1 - {left} / ({limit} > 0), 0)"
        yield Value(name[:3], share, unit="percentunit", decimals=0, scale=_MONTH, missing="", width=64)


def _months_installed() -> Iterator[Value]:
    """Activity of each month of the year: documents and intellectual searches."""
    for number, name in enumerate(MONTH_NAMES, start=1):
        month = f'month="$year-{number:02}"'
        kinds = (q.usage(kind, month, by="installation") for kind in ("documents", "searches_intellectual"))
        yield Value(name[:3], " + ".join(kinds), scale=standard.ACTIVITY, missing="", width=64)


BOARD = Board(
    name="client-profile",
    title="Профиль клиента",
    about="Как клиент пользуется системой из месяца в месяц: кому звонить сейчас, а кого пока не беспокоить.",
    tags=("аналитика", "онлайн"),
    variables=(*variables.both(), *variables.year()[:1]),
    time="400d",
    rows=(
        Section("Онлайн-доступы: кому звонить, а кому нет"),
        (
            _advised(
                "Позвонить",
                "Доступы, по которым стоит позвонить сегодня, и причина. «Исп.» — доля лимита документов. Причину "
                "считает экспортёр раз в сутки по истории самого доступа: лимит кончается, замолчал, не начал "
                "пользоваться. Пусто — звонить некому.",
                "call",
                Value("Исп.", _USED, unit="percentunit", decimals=0, scale=standard.ONLINE_USED),
                "таких доступов не видно",
            ),
        ),
        (
            _advised(
                "Пока не звонить",
                "Сезонные клиенты, у которых сейчас тихий месяц: звонок только раздражит. Рядом — когда ждать "
                "следующего сезона, по истории доступа. Оповещений о низкой активности по ним нет. Пусто — таких "
                "сейчас нет.",
                "wait",
                Value("Ждать с", "1000 * " + q.of_online("kodeks_online_next_busy_timestamp_seconds"), unit=DATE),
                "таких доступов не видно",
            ),
        ),
        (
            panels.pie(
                "Классы использования",
                "Сколько доступов какого класса. Класс считает экспортёр по истории до 13 месяцев: доля лимита "
                "документов за последние три полных месяца и сезоны; правила — в docs/online.md. «Не используется» "
                "и «почти не используется» — кандидаты на обучение, «не хватает» — на расширение.",
                Query(f"count by (class) ({_CLASS})", legend="{{class}}", instant=True),
                colors=CLASSES,
                width=7,
            ),
            tables.table(
                "Классы по доступам",
                "Класс каждого доступа, доля лимита документов, израсходованная в этом месяце («исп.»), сколько это "
                "документов, сколько обычно бывает к этому числу и раз во сколько месяцев сезон. Класс — за год, а не "
                "за день: один странный месяц его не меняет. Сравните два числа: разошлись — спросите, что изменилось.",
                (
                    _CLIENT,
                    Label("class", "Класс", words=CLASSES, colored=True),
                    Value(
                        "Исп.",
                        f"{_USED} and on (account) {_CLASSED}",
                        unit="percentunit",
                        decimals=0,
                        scale=standard.ONLINE_USED,
                    ),
                    Value("Документов", f"clamp_min({_LIMIT} - {_LEFT}, 0) and on (account) {_CLASSED}"),
                    Value(
                        "Обычно",
                        f"{q.of_online('kodeks_online_documents_expected')} and on (account) {_CLASSED}",
                        decimals=0,
                    ),
                    Value(
                        "Сезон",
                        f"{q.of_online('kodeks_online_season_months')} and on (account) {_CLASSED}",
                        missing="",
                    ),
                    _ACCOUNT,
                    MANAGER,
                ),
                rows=q.ours_online(_CLASS, "client", "manager", "login"),
                sort="Класс",
                descending=False,
                width=17,
                height=10,
            ),
        ),
        (
            tables.table(
                "Доступы по месяцам года: использовано документов",
                "Доля месячного лимита документов, январь–декабрь выбранного года. Красное — не пользовались, "
                "оранжевое — почти нет, зелёное — хорошо, жёлтое — много, фиолетовое — лимита не хватает. Пустая "
                "клетка — данных нет. Тихие месяцы через равные промежутки — сезонный клиент: звоните перед "
                "сезоном.",
                (_CLIENT, *_months_online(), _LOGIN, _ACCOUNT, MANAGER),
                rows=q.ACCESSES,
                sort="Клиент",
                descending=False,
                height=16,
            ),
        ),
        Section("Установки"),
        (
            tables.table(
                "Установки по месяцам года: активность",
                "Активность (интеллектуальные поиски и открытые документы) за каждый месяц выбранного года. "
                "Зелёное — стандарт выполнен: 20 и больше. Пустая клетка — данных нет. Красные месяцы подряд у "
                "того, кто раньше работал, — повод встретиться до пролонгации.",
                (
                    _CLIENT,
                    *_months_installed(),
                    Value("Мест", q.of("installation:kodeks_seats:max")),
                    INSTALLATION,
                    MANAGER,
                ),
                rows=q.INSTALLATIONS,
                sort="Клиент",
                descending=False,
                height=16,
            ),
        ),
        (
            series.many(
                "Использование лимита документов",
                "Какая доля лимита документов израсходована с начала месяца, день за днём: пила от нуля до конца "
                "месяца. Пунктир — 15, 75 и 90 %: ниже первого почти не пользуются, выше последнего лимита не хватает.",
                q.ours_online(
                    q.of_online(
                        "account:kodeks_online_used:hourly",
                        matchers='resource="documents"',
                        over="max_over_time",
                        window="$__interval",
                    ),
                    "client",
                ),
                _USED,
                "{{client}} · {{account}}",
                step="1d",
                of="account",
                unit="percentunit",
                scale=standard.ONLINE_USED,
                gaps=36 * 3600 * 1000,
                width=12,
            ),
            series.many(
                "Вовлечённость установок",
                "Какая доля рабочих мест установки работает в этом месяце, день за днём: растёт с 1-го числа. "
                "Пунктир — 40 и 60 %: по стандарту к 20-му числу должно быть больше 60.",
                q.ours(
                    q.of("installation:kodeks_involvement:hourly", over="max_over_time", window="$__interval"),
                    "client",
                ),
                q.of("installation:kodeks_involvement:ratio"),
                "{{client}} · {{installation}}",
                step="1d",
                lowest=True,
                unit="percentunit",
                scale=standard.INVOLVEMENT,
                gaps=36 * 3600 * 1000,
                width=12,
            ),
        ),
    ),
)
