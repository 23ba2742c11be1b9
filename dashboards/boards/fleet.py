"""The on-call's first page: how many work, what is broken and why, which hosting."""

from dashboards import links, panels, standard, states, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Panel, Query, Section
from dashboards.standard import Scale
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import HOURS, SECONDS
from dashboards.variables import Variable
from dashboards.words import CHECKS, MODES, STATE_NUMBERS, YES_NO, Word

_STATE = f"(({states.NUMBER}) and on (installation) {q.INSTALLATIONS})"
_AGE = q.of("installation:kodeks_sysinfo_age_seconds:max")
_SEATS, _USED = q.of("installation:kodeks_seats:max"), q.of("installation:kodeks_seats_used:max")
_FAILED = f"({q.of('kodeks_check_success', 'check')} == 0)"
_BROKEN = f"count by (installation) ({_FAILED})"
_BLOCKED = f"count by (installation, by) ({q.of('kodeks_check_blocked', 'check', 'by')})"
_HINDERED = f'max by (installation, check) (label_replace({_BLOCKED}, "check", "$1", "by", "(.+)"))'
_KEY = q.of("kodeks_protection_ok")


def _by_hosting(how: str, expr: str) -> str:
    """Grafana would mix up rows without the label."""
    return f'label_replace({how} by (hosting) ({expr}), "hosting", "без площадки", "hosting", "")'


_INSTALLED = _by_hosting("count", q.INSTALLATIONS)
_STATED = _by_hosting("sum", q.ours(f"({_STATE} >= bool 0)", "hosting"))
_ILL = _by_hosting("sum", q.ours(f"({_BROKEN} > bool 0)", "hosting"))
_ILL_OR_NONE = f"({_ILL} or 0 * {_STATED})"


_SERVICED = f"({_STATE} == 1)"
_SICK = f"(({_STATE} > 1 or on (installation) {_BROKEN}) unless on (installation) {_SERVICED})"
_WORKING = f"(({_STATE} == 0) unless on (installation) {_BROKEN})"
_UNSEEN = f"({q.INSTALLATIONS} unless on (installation) ({_STATE} or on (installation) {_BROKEN}))"
_PUSHING = 'max by (installation) (kodeks_installation_info{mode="push"})'


def _counted(found: str) -> str:
    return q.number_of(found, q.INSTALLATIONS)


def _number(title: str, about: str, expr: str, scale: Scale, unit: str = "none") -> Panel:
    return panels.number(title, about, Query(expr, instant=True), scale=scale, width=3, unit=unit)


BOARD = Board(
    name="fleet",
    title="Парк: обзор",
    about="Первая страница дежурного: сколько установок работает, что сломано, по какой причине и на какой площадке.",
    tags=("аварии", "установки"),
    variables=(
        *variables.installations()[:-1],
        Variable(
            "hosting",
            "Площадка",
            query=(
                'label_values(kodeks:installation:info{branch=~"$branch",manager=~"$manager",client=~"$client"}, '
                "hosting)"
            ),
        ),
        Variable(
            "installation",
            "Установка",
            query=(
                'label_values(kodeks:installation:info{branch=~"$branch",manager=~"$manager",client=~"$client",'
                'hosting=~"$hosting"}, installation)'
            ),
            all_value="",
        ),
    ),
    time="6h",
    refresh="30s",
    rows=(
        (
            _number(
                "Всего",
                "Сколько установок в списке экспортёра после фильтров. Если меньше, чем должно быть, посмотрите "
                "kodeks.yml: новых клиентов могли забыть добавить.",
                f"count({q.INSTALLATIONS})",
                standard.PLAIN,
            ),
            _number(
                "Работают",
                "У скольких установок главная страница отвечает как надо (состояние «работает») и ни одна проверка не "
                "сломана. Остальные — в плитках правее: вместе они дают «Всего». 0 — не работает ни одна.",
                _counted(_WORKING),
                standard.PLAIN,
            ),
            _number(
                "Сломаны",
                "У скольких установок не проходит хоть одна проверка или состояние нештатное. Следствия не считаются: "
                "одна беда — одна установка. 0 — ни одной; начните с таблицы «Что сломано и почему».",
                _counted(_SICK),
                standard.NONE_IS_GOOD,
            ),
            _number(
                "Обслуживание",
                "Сколько установок в режиме обслуживания: обновляются тома. До трёх часов — норма, дольше — "
                "разбирайтесь. 0 — ни одной.",
                _counted(_SERVICED),
                standard.SOME_IS_WARNING,
            ),
            _number(
                "Только отчёты",
                "Сколько установок сами присылают отчёты (push) и не опрашиваются: работает ли сервер сейчас, о них не "
                "известно. Судите по возрасту отчёта. 0 — таких нет.",
                _counted(f"({_UNSEEN} and on (installation) {_PUSHING})"),
                standard.PLAIN,
            ),
            _number(
                "Не проверены",
                "Сколько установок экспортёр должен опрашивать, но ответа проверок по ним нет. Это наша беда, а не "
                "клиента: после запуска подождите минуту, потом смотрите журнал экспортёра. 0 — все проверены.",
                _counted(f"({_UNSEEN} unless on (installation) {_PUSHING})"),
                standard.SOME_IS_WARNING,
            ),
            _number(
                "Нет отчёта",
                "Сколько установок не присылали свежий отчёт больше двух суток. Проверьте скрипт отправки и доступ к "
                "серверу. 0 — ни одной.",
                q.number_of(f"{_AGE} > 2 * 86400", _AGE),
                standard.SOME_IS_WARNING,
            ),
            _number(
                "Опоздание",
                "На сколько экспортёр отстаёт с проверками самой запоздавшей установки. Больше трёх интервалов "
                "(полторы минуты) — мониторинг слеп: смотрите журнал экспортёра.",
                "max(kodeks_exporter_poll_lag_seconds)",
                Scale(standard.GREEN, ((60, standard.YELLOW), (90, standard.RED))),
                unit=SECONDS,
            ),
        ),
        (
            tables.table(
                "Что сломано и почему",
                "Каждая строка — корневая причина: проверка, которая не прошла сама, а не из-за другой. «Мешает» — "
                "скольким проверкам она не даёт выполниться. Пусто, а «Сломаны» — 0: всё работает. Много строк одной "
                "площадки — сбой площадки, смотрите карту ниже.",
                (
                    CLIENT,
                    Label(
                        "check",
                        "Причина",
                        words={name: Word(word.text, standard.RED) for name, word in CHECKS.items()},
                        colored=True,
                    ),
                    Value("Мешает", f"{_HINDERED} and on (installation, check) {_FAILED}", missing=""),
                    Value("Состояние", f"{_STATE} and on (installation) {_FAILED}", words=STATE_NUMBERS),
                    Label("hosting", "Площадка"),
                    Label("url", "Адрес", links=(links.address(),)),
                    MANAGER,
                    Label(
                        "installation",
                        "Установка",
                        links=(
                            links.board("server-metrics", "Проверки по времени", installation=links.cell("Установка")),
                        ),
                    ),
                ),
                rows=q.ours(_FAILED, "client", "manager", "hosting", "url"),
                sort="Мешает",
                missing="сломанного не видно",
                height=9,
            ),
        ),
        Section("Все установки: «это у нас или у них?»"),
        (
            tables.table(
                "Состояние установок",
                "Всё главное об установке одной строкой: отвечает ли, свеж ли отчёт, цел ли ключ, есть ли места, "
                "когда кончается лицензия. Если строка вся зелёная, а пользователи жалуются, ищите в сети клиента.",
                (
                    CLIENT,
                    Value("Состояние", _STATE, words=STATE_NUMBERS),
                    Value("Отчёт", f"{_AGE} / 3600", unit=HOURS, decimals=1, scale=standard.REPORT_AGE),
                    Value("Ключ", _KEY, words=YES_NO),
                    Value(
                        "Занято",
                        f"{_USED} / ({_SEATS} > 0)",
                        unit="percentunit",
                        decimals=0,
                        scale=standard.SEATS_USED,
                    ),
                    Value(
                        "Лиц., дн.",
                        q.of("installation:kodeks_licence_expiry_days:min"),
                        decimals=0,
                        scale=standard.LICENCE_DAYS,
                    ),
                    Value(
                        "Доступен",
                        q.of("installation:kodeks_interface_up:avg30d"),
                        unit="percentunit",
                        decimals=1,
                        scale=standard.AVAILABILITY,
                    ),
                    Label("hosting", "Площадка"),
                    Label("url", "Адрес", links=(links.address(),)),
                    MANAGER,
                    Label("mode", "Способ", words=MODES),
                    Label(
                        "installation",
                        "Установка",
                        links=(
                            links.board("server-metrics", "Проверки по времени", installation=links.cell("Установка")),
                        ),
                    ),
                    Value("Режим", q.of("kodeks_installation_info", "mode"), shown=False),
                ),
                rows=q.INSTALLATIONS,
                sort="Состояние",
                height=18,
            ),
        ),
        Section("Площадки и сам мониторинг"),
        (
            tables.table(
                "Карта площадок",
                "По каждой площадке: сколько на ней установок и у скольких что-то не так. Красная доля — отказала "
                "площадка целиком: звоните туда, а не клиентам. Установки без площадки собраны в одну строку.",
                (
                    Label(
                        "hosting",
                        "Площадка",
                        links=(links.board("fleet", "Только эта площадка", hosting=links.cell("Площадка")),),
                    ),
                    Value("Всего", _INSTALLED),
                    Value("Сломаны", _ILL_OR_NONE, scale=standard.SOME_IS_WARNING),
                    Value(
                        "Доля",
                        f"{_ILL_OR_NONE} / on (hosting) {_INSTALLED}",
                        unit="percentunit",
                        decimals=0,
                        scale=Scale(standard.GREEN, ((0.01, standard.YELLOW), (0.5, standard.RED))),
                        missing="",
                    ),
                ),
                sort="Сломаны",
                width=10,
                height=9,
            ),
            tables.table(
                "Экспортёры",
                "Работающие экспортёры: версия, сколько установок у каждого, применилась ли последняя правка "
                "kodeks.yml. Адрес — ссылка на его страницу состояния. Нет строки — экспортёр не опрашивается: "
                "проверьте службу и Prometheus.",
                (
                    Label(
                        "instance",
                        "Адрес экспортёра",
                        links=(
                            links.Link(
                                "Страница состояния",
                                'http://${__data.fields["Адрес экспортёра"]}/',
                                new_tab=True,
                            ),
                        ),
                    ),
                    Label("version", "Версия"),
                    Value("Установок", "max by (instance) (kodeks_exporter_installations)"),
                    Value(
                        "Настройки",
                        "max by (instance) (kodeks_exporter_config_last_reload_successful)",
                        words=YES_NO,
                    ),
                    Value(
                        "Опоздание проверок",
                        "max by (instance) (kodeks_exporter_poll_lag_seconds)",
                        unit=SECONDS,
                        decimals=0,
                        scale=Scale(standard.GREEN, ((60, standard.YELLOW), (90, standard.RED))),
                    ),
                ),
                rows="max by (instance, version) (kodeks_exporter_build_info)",
                sort="Адрес экспортёра",
                descending=False,
                width=14,
                height=9,
            ),
        ),
    ),
)
