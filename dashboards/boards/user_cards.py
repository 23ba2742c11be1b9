"""Whose card is filled in, and who works most."""

from dashboards import panels, standard, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import CLIENT, MANAGER, Label, Value
from dashboards.units import MOMENT
from dashboards.words import CARD_FIELDS, YES_NO

_WHO = 'domain=~"$domain",user=~"$login"'
_FILLED = "kodeks_user_card_field_filled"


def _card(how: str) -> str:
    """``min``: 1 where the whole card is filled in; ``avg``: the share of its fields."""
    return q.of(_FILLED, "user", "domain", matchers=_WHO, how=how)


_SEEN = q.of("kodeks_user_last_seen_timestamp_seconds", "user", "domain", matchers=_WHO)
_MONTH = f"{_SEEN} > time() - 30 * 86400"
_OF_THE_MONTH = f"({_card('min')} and on (installation, user, domain) {_SEEN} > time() - 30 * 86400)"

BOARD = Board(
    name="user-cards",
    title="Карточки пользователей",
    about="Какие поля карточек заполнены у пользователей и кто работает больше всех. Сами данные карточек не хранятся.",
    tags=("пользователи",),
    variables=variables.installations(domain=True, login=True),
    time="24h",
    refresh="15m",
    rows=(
        (
            panels.number(
                "Заполнены полностью",
                "Доля пользователей, у которых заполнены все пять полей карточки, среди заходивших за 30 дней. По "
                "стандарту карточки работающих должны быть заполнены: попросите администратора клиента дописать.",
                Query(f"avg({_OF_THE_MONTH})", instant=True),
                unit="percentunit",
                decimals=0,
                scale=standard.FILLED,
                width=4,
            ),
            panels.number(
                "Заходили за 30 дней",
                "Сколько пользователей заходили в систему за последние 30 дней, по отчётам. Остальных смотрите на "
                "дашборде «Kodeks аналитика»: кто не пользуется 60 дней.",
                Query(f"count({_MONTH})", instant=True),
                width=4,
            ),
            panels.bars(
                "Заполненность по полям",
                "Какая доля заходивших за 30 дней заполнила каждое поле карточки. Самое короткое поле — с него "
                "начните разговор: без телефона и почты с пользователем не связаться.",
                tuple(
                    Query(
                        "avg("
                        + q.of(_FILLED, "user", "domain", matchers=f'field="{field}",{_WHO}')
                        + f" and on (installation, user, domain) {_SEEN} > time() - 30 * 86400)",
                        legend=word.text,
                        instant=True,
                    )
                    for field, word in CARD_FIELDS.items()
                ),
                unit="percentunit",
                decimals=0,
                scale=standard.FILLED,
                most=1,
                width=16,
                height=8,
            ),
        ),
        (
            tables.table(
                "Топ-20 самых активных пользователей",
                "Двадцать пользователей с наибольшим числом запросов к базе в этом месяце, по последним отчётам. С "
                "ними хорошо говорить о новых возможностях: они первыми заметят пользу.",
                (
                    CLIENT,
                    Label("user", "Логин"),
                    Label("domain", "Домен"),
                    Value(
                        "Запросов в этом месяце",
                        "topk(20, "
                        + q.ours(
                            q.of("kodeks_user_requests_total", "user", "domain", matchers=_WHO) + " > 0",
                            "client",
                            "manager",
                        )
                        + ")",
                    ),
                    MANAGER,
                ),
                sort="Запросов в этом месяце",
                height=14,
            ),
        ),
        (
            tables.table(
                "Какие поля заполнены",
                "По каждому пользователю: какие поля карточки заполнены и когда он заходил в последний раз. "
                "Берётся из последнего отчёта; содержимое полей не передаётся. Начните с тех, кто работает часто и "
                "заполнил мало.",
                (
                    CLIENT,
                    Label("user", "Логин"),
                    Label("domain", "Домен"),
                    Value("Заполнено", _card("avg"), unit="percentunit", decimals=0, scale=standard.FILLED),
                    *(
                        Value(
                            word.text,
                            q.of(_FILLED, "user", "domain", matchers=f'field="{field}",{_WHO}'),
                            words=YES_NO,
                        )
                        for field, word in CARD_FIELDS.items()
                    ),
                    Value("Заходил", f"1000 * {_SEEN}", unit=MOMENT, missing="ни разу"),
                    Label("installation", "Установка"),
                    MANAGER,
                ),
                rows=q.ours(_card("max"), "client", "manager"),
                sort="Заходил",
                height=18,
            ),
        ),
    ),
)
