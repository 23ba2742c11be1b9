"""This month's remaining units of online accesses, and accesses without figures."""

from dashboards import panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel, Query
from dashboards.standard import GREEN, RED, Scale
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import MOMENT
from dashboards.words import RESOURCES, Word

_READ = q.of_online("kodeks_online_read_timestamp_seconds")
_UP = q.of_online("kodeks_online_up")
_LOGIN = q.of_online("kodeks_online_login_success")
_SICK = (
    f"({_UP} == 0 or {_LOGIN} == 0 or {_READ} < time() - 3 * 3600 or ({q.ACCESSES} unless on (account) {_READ}) * 0)"
)
"""Accesses with unreliable figures: a visit failed, or they are older than 3 hours."""

_ERRORS = q.ours_online(
    "sum by (account, reason) (increase(kodeks_online_errors_total{" + q.CHOSEN_ACCOUNT + "}[1d]))", "client"
)

_REASONS = {
    "refused": Word("логин или пароль не приняты"),
    "markup": Word("страница устроена иначе, чем в настройках"),
    "redirect": Word("перенаправляют на другой адрес"),
    "too_large": Word("страница слишком большая"),
    "timeout": Word("нет ответа вовремя"),
    "dns": Word("имя не находится в DNS"),
    "connection": Word("соединение отклонено или разорвано"),
    "tls": Word("сертификату нельзя доверять"),
    "maintenance": Word("режим обслуживания"),
    "captcha": Word("просят доказать, что входит человек"),
    "proxy": Word("ответил прокси"),
    "garbage": Word("ответ не похож на HTTP"),
    "crash": Word("ошибка в экспортёре"),
    "/http_4.*/": Word("сервер ответил отказом (4xx)"),
    "/http_5.*/": Word("ошибка сервера (5xx)"),
}


def _resource(name: str) -> str:
    return f'resource="{name}"'


def _left(resource: str) -> str:
    return q.of_online("kodeks_online_left", matchers=_resource(resource), how="min")


def _used(resource: str) -> str:
    """Ratio of the limit."""
    limit = q.of_online("kodeks_online_limit", matchers=_resource(resource))
    return f"clamp_min(1 - {_left(resource)} / on (account) ({limit} > 0), 0)"


_MEAN = "В среднем"


def _with_mean(expr: str) -> str:
    """Adds one more account with the mean of all."""
    return f'({expr} or label_replace(avg({expr}), "account", "{_MEAN}", "", ""))'


_WORST_FIRST = (
    f'label_replace(label_replace(vector(0), "account", "{_MEAN}", "", ""), "client", "{_MEAN}", "", "") '
    f"or {q.least_first(q.ACCESSES, 'account', _left('documents'))}"
)


def _share(title: str, resource: str) -> Value:
    return Value(title, _with_mean(_used(resource)), unit="percentunit", decimals=0, scale=standard.ONLINE_USED)


def _over_time(resource: str, name: str, advice: str, scale: Scale | None) -> Panel:
    left = q.of_online(
        "account:kodeks_online_left:hourly", matchers=_resource(resource), how="min",
        over="min_over_time", window="$__interval",
    )  # fmt: skip
    return series.many(
        f'Осталось "{name}"',
        f"Сколько единиц ресурса «{name}» осталось у каждого доступа, час за часом; 1-го числа остаток снова равен "
        f"лимиту. {advice} Обрыв линии — цифры не читаются.",
        q.ours_online(left, "client", "login"),
        _left(resource),
        "{{client}} ({{login}})",
        step="1h",
        lowest=True,
        of="account",
        legend=("max", "min", "last"),
        scale=scale,
        gaps=3 * 3600 * 1000,
        width=12,
        height=11,
    )


BOARD = Board(
    name="billing-online",
    title="Биллинг Онлайн. Статистика",
    about="Сколько документов, поиска, печати и выгрузки осталось у онлайн-доступов и чьи цифры не читаются.",
    tags=("онлайн",),
    variables=variables.accesses(),
    time="30d",
    rows=(
        (
            panels.dial(
                "Документы: использовано в среднем",
                "Какую долю месячного лимита документов в среднем использовали выбранные доступы к этому дню. Меньше "
                "15 % — доступами почти не пользуются. В начале месяца мало у всех: судите после 20-го числа.",
                Query(f"avg({_used('documents')})", instant=True),
                scale=standard.ONLINE_USED,
                width=6,
                height=8,
            ),
            panels.bars(
                "Документы: использовано в среднем по менеджерам",
                "Средняя доля использованного лимита документов по клиентам каждого менеджера. Порог — 15 %: ниже него "
                "клиенты не освоили доступ, и продлевать его им будет незачем. Начните с самых коротких полос.",
                (
                    Query(
                        f"sort_desc(avg by (manager) ({q.ours_online(_used('documents'), 'manager')}))",
                        "{{manager}}",
                        instant=True,
                    ),
                ),
                unit="percentunit",
                decimals=0,
                scale=standard.ONLINE_USED,
                most=1,
                width=18,
                height=8,
            ),
        ),
        (
            tables.table(
                "Остатки по доступам",
                "Сколько документов, поиска, печати и выгрузки осталось у каждого онлайн-доступа в этом месяце и "
                "какая доля лимита использована («исп.»); вверху среднее, дальше — у кого осталось меньше. Красное "
                "«исп.» — не пользуются (меньше 15 %), жёлтое и оранжевое — много (от 75 %). Красный остаток "
                "документов — меньше 50, оранжевый — меньше 150: клиент скоро останется без доступа, звоните первыми. "
                "Прочерк — цифры прочитать не удалось, см. ниже.",
                (
                    CLIENT,
                    Label("login", "Логин"),
                    Value("Документов", _with_mean(_left("documents")), decimals=0, scale=standard.ONLINE_LEFT),
                    _share("Документы, исп.", "documents"),
                    Value("Поиска", _with_mean(_left("searches")), decimals=0),
                    _share("Поиск, исп.", "searches"),
                    Value("Печати", _with_mean(_left("prints")), decimals=0),
                    Value("Выгрузки", _with_mean(_left("uploads")), decimals=0),
                    MANAGER,
                ),
                rows=_WORST_FIRST,
                height=18,
            ),
        ),
        (
            _over_time(
                "documents", RESOURCES["documents"].text,
                "Пунктир — 50 и 150: на них приходят оповещения. Линия падает круто — лимита не хватит до конца "
                "месяца, предложите больше.", standard.ONLINE_LEFT,
            ),
            _over_time(
                "searches", RESOURCES["searches"].text,
                "Поиск убывает быстрее документов — люди ищут и не находят.", None,
            ),
        ),
        (
            _over_time(
                "prints", RESOURCES["prints"].text,
                "Много печатают те, кто работает всерьёз: такой доступ продлят.", None,
            ),
            _over_time(
                "uploads", RESOURCES["uploads"].text,
                "Резкое падение за день — документы выгружают пачкой: спросите, зачем, возможно, нужен другой продукт.",
                None,
            ),
        ),
        (
            tables.table(
                "Проблемы с получением статистики",
                "Доступы, чьим цифрам сейчас нельзя верить: система производителя не ответила, логин не принят или "
                "цифры старше трёх часов. Не принят логин — проверьте пароль руками, и сами не перебирайте: доступ "
                "могут заблокировать. Пустая таблица — всё читается.",
                (
                    CLIENT,
                    Label("login", "Логин"),
                    Label("server", "Сервер"),
                    Value(
                        "Ответ", f"{_UP} and on (account) {_SICK}",
                        words={"1": Word("есть", GREEN), "0": Word("нет", RED)},
                    ),
                    Value(
                        "Вход", f"{_LOGIN} and on (account) {_SICK}",
                        words={"1": Word("принят", GREEN), "0": Word("не принят", RED)},
                    ),
                    Value(
                        "Цифры от", f"1000 * {_READ} and on (account) {_SICK}", unit=MOMENT, missing="ещё не читались"
                    ),
                    MANAGER,
                ),
                rows=q.ours_online(f"0 * {_SICK} + 1", "client", "manager", "branch", "server", "login"),
                sort="Сервер",
                descending=False,
                missing="проблем не видно",
                width=15,
            ),
            tables.table(
                "Варианты ошибок",
                "Почему не читались цифры за последние сутки: сколько неудачных посещений по каждой причине и у "
                "скольких доступов. Одна причина у многих — дело в сервере производителя или в сети, у одного — в его "
                "доступе. Пустая таблица — неудач не было.",
                (
                    Label("reason", "Причина", words=_REASONS),
                    Value("Неудач за сутки", f"sum by (reason) ({_ERRORS}) > 0", decimals=0),
                    Value("Доступов", f"count by (reason) ({_ERRORS} > 0)", decimals=0),
                ),
                sort="Неудач за сутки",
                missing="ошибок не видно",
                width=9,
            ),
        ),
    ),
)  # fmt: skip
