"""Volumes with an error: damaged databases."""

from dashboards import links, panels, series, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, INSTALLATION, MANAGER, Label, Value

_BAD = f"({q.of('kodeks_volume_error', 'volume', 'code')} > 0)"
_REPORTS = q.of("installation:kodeks_sysinfo_age_seconds:max")
_BY_CODE = f'label_replace(count by (code) ({_BAD}), "code", "без номера", "code", "")'

BOARD = Board(
    name="db-errors",
    title="Ошибки БД",
    about="У каких клиентов повреждены тома базы, сколько их и с каким кодом ошибки.",
    tags=("установки",),
    variables=variables.installations(),
    time="7d",
    refresh="5m",
    rows=(
        (
            panels.number(
                "Томов с ошибкой",
                "Сколько томов базы у выбранных клиентов сейчас с ошибкой, по последним отчётам; 0 — таких нет. "
                "Пользователи не откроют документы из этих томов. Что делать с каждым кодом, сказано на странице "
                "оповещения о базе.",
                Query(q.number_of(_BAD, _REPORTS), instant=True),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=6,
                height=8,
            ),
            panels.number(
                "Установок с ошибкой",
                "У скольких установок есть хотя бы один том с ошибкой; 0 — таких нет. Если их вдруг стало много, "
                "испорчено общее обновление: сообщите производителю, а не каждому клиенту.",
                Query(q.number_of(f"count by (installation) ({_BAD})", _REPORTS), instant=True),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=6,
                height=8,
            ),
            panels.bars(
                "Томов с ошибкой по кодам",
                "Сколько томов с каждым кодом ошибки сейчас, по последним отчётам. Код без номера — в отчёте ошибка "
                "есть, а кода нет. Один код у многих — общая причина, разные — больной диск у клиента.",
                (Query(f"sort_desc({_BY_CODE})", "код {{code}}", instant=True),),
                scale=standard.NONE_IS_GOOD,
                decimals=0,
                width=12,
                height=8,
            ),
        ),
        (
            tables.table(
                "Тома с ошибкой по установкам и кодам",
                "Сколько томов с каждым кодом ошибки у каждой установки. Сверху — у кого хуже всего: проверьте диск "
                "сервера, затем переустановите эти тома обновлением.",
                (
                    CLIENT,
                    INSTALLATION,
                    Label("code", "Код"),
                    Value(
                        "Томов",
                        q.ours(f"count by (installation, code) ({_BAD})", "client", "manager", "url"),
                        decimals=0,
                        scale=standard.NONE_IS_GOOD,
                    ),
                    Label("url", "Адрес", links=(links.address(),)),
                    MANAGER,
                ),
                sort="Томов",
                missing="ошибок не видно",
                width=13,
                height=14,
            ),
            tables.table(
                "Какие именно тома",
                "Каждый том с ошибкой: файл и код, по последнему отчёту установки. Эти имена нужны администратору "
                "клиента и производителю. Пустая таблица — все тома в порядке.",
                (
                    CLIENT,
                    INSTALLATION,
                    Label("volume", "Том"),
                    Label("code", "Код"),
                    Value("Ошибка", q.ours(_BAD, "client"), decimals=0, shown=False),
                ),
                sort="Клиент",
                descending=False,
                missing="ошибок не видно",
                width=11,
                height=14,
            ),
        ),
        (
            series.many(
                "Томов с ошибкой за неделю",
                "Как менялось число томов с ошибкой у каждой установки. Ступенька вверх совпала с обновлением — "
                "переустановите его; растёт понемногу — умирает диск, предупредите клиента.",
                q.ours(f"count by (installation) ({_BAD})", "client"),
                f"count by (installation) ({_BAD})",
                "{{client}} ({{installation}})",
                step="1h",
                style="steps",
            ),
        ),
    ),
)
