"""A client's use in a calendar year: for talks about the next one."""

from dashboards import months, panels, tables, variables
from dashboards import queries as q
from dashboards.model import Board, Query
from dashboards.tables import Figure


def _usage(kind: str) -> q.Months:
    return lambda month: q.usage(kind, month, by="month")


_THIS_YEAR = 'month=~"$year-.*"'

BOARD = Board(
    name="renewal",
    title="Данные для пролонгации",
    about="Чем клиент пользовался в выбранном году по месяцам: цифры для разговора о продлении.",
    tags=("установки", "пролонгация"),
    variables=(*variables.installations(one_client=True), *variables.year()),
    time="24h",
    rows=(
        (
            tables.months(
                "Пользование по месяцам",
                "Сколько за месяц открыли документов, сохранили, напечатали, сколько раз не вошли из-за нехватки "
                "мест, активность (документы и интеллектуальный поиск) и обращения к kAssist; рядом, «±%», — на "
                "сколько процентов это больше или меньше, чем месяцем раньше. Прочерк — отчётов за месяц нет, «было "
                "0» — делить не на что. Рост — довод за продление, отказы — за новые места, падение — повод для "
                "звонка до разговора о деньгах.",
                (
                    Figure("Документы", _usage("documents"), "Док. ±%", decimals=0),
                    Figure("Сохранено", _usage("saves"), "Сохр. ±%", decimals=0),
                    Figure("Печать", _usage("prints"), "Печать ±%", decimals=0),
                    Figure("Отказы", _usage("rejections"), "Отказы ±%", decimals=0, more_is_better=False),
                    Figure("Активность", months.activity, "Актив. ±%", decimals=0),
                    Figure("kAssist", _usage("kassist"), "kAssist ±%", decimals=0),
                ),
            ),
        ),
        (
            panels.columns(
                "Документы и активность за год",
                "Те же числа столбиками: открытые документы и активность по месяцам года. Провал летом и в январе "
                "обычен; провал осенью — нет, узнайте, что изменилось у клиента.",
                (
                    Query(_usage("documents")(_THIS_YEAR), instant=True),
                    Query(months.activity(_THIS_YEAR), instant=True),
                ),
                "month",
                names={"month": "Месяц", "A": "Документы", "B": "Активность"},
                words=tables.SHORT_MONTHS,
                width=12,
            ),
            panels.columns(
                "Люди и места за год",
                "Сколько разных пользователей работало в каждом месяце и сколько мест было по регистрационному файлу. "
                "Работает заметно больше людей, чем мест, — предлагайте места; заметно меньше — сначала обучение.",
                (Query(months.active_users(_THIS_YEAR), instant=True), Query(months.seats(_THIS_YEAR), instant=True)),
                "month",
                names={"month": "Месяц", "A": "Работали", "B": "Мест"},
                words=tables.SHORT_MONTHS,
                width=12,
            ),
        ),
        (
            tables.months(
                "Вовлечённость по месяцам",
                "Какая доля мест занята живыми людьми: пользователи с запросами за месяц, делённые на число мест. "
                "Норма стандарта — 60 %. Изменение к месяцу до того — рядом. Ниже 40 % — клиент платит за пустые места "
                "и вспомнит об этом при продлении.",
                (
                    Figure("Работали", months.active_users, "Работали ±%", decimals=0, total=False),
                    Figure("Мест", months.seats, decimals=0, total=False),
                    Figure(
                        "Вовлечённость",
                        months.involvement,
                        "Вовлечённость ±%",
                        unit="percentunit",
                        decimals=0,
                        total=False,
                    ),
                ),
                height=15,
            ),
        ),
    ),
)
