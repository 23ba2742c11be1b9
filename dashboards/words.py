"""Russian texts for values of metrics and labels; Grafana shows them by value mappings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.standard import BLUE, CLEAR, GREEN, GREY, ORANGE, PURPLE, RED, YELLOW
from kodeks_exporter.domain.checks import CHECKS as _CHECKS

MISSING = "нет данных"
"""Instead of an empty cell or panel: unknown is not zero."""


@dataclass(frozen=True, slots=True)
class Word:
    """Text for a value, and the colour of its cell."""

    text: str
    color: str = CLEAR


Words = Mapping[str, Word]

STATES: Words = {
    "ok": Word("Работает", GREEN),
    "maintenance": Word("Режим обслуживания", BLUE),
    "needs_service": Word("Требуется обслуживание", ORANGE),
    "key_missing": Word("Нет ключа", RED),
    "out_of_seats": Word("Нет свободных мест", YELLOW),
    "not_started": Word("Сервер не запущен", RED),
    "server_error": Word("Ошибка сервера", RED),
    "warning": Word("Предупреждение", ORANGE),
    "unreachable": Word("Недоступен", RED),
}
"""kodeks_installation_state's label ``state``."""

STATE_NUMBERS: Words = {str(number): word for number, word in enumerate(STATES.values())}
"""States as numbers, in the order of ``STATES``: for state timelines."""

CHECKS: Words = {
    **{row.name: Word(row.board) for row in _CHECKS.values()},
    "restart": Word("ночной перезапуск"),
    "backup": Word("ночное копирование"),
}
"""Labels ``check`` and ``by`` of the live checks."""

CHECK_RESULT: Words = {
    "1": Word("в порядке", GREEN),
    "0": Word("сбой", RED),
    "2": Word("не проверялось: мешает другой сбой", GREY),
}

YES_NO: Words = {"1": Word("да", GREEN), "0": Word("нет", RED)}

RESOURCES: Words = {
    "documents": Word("Документы"),
    "searches": Word("Поиск"),
    "prints": Word("Печать"),
    "uploads": Word("Выгрузка"),
}

SEARCH_TYPES: Words = {
    "intellectual": Word("интеллект."),
    "attribute": Word("атрибутный"),
    "other": Word("другой"),
}
SEARCH_STATUS: Words = {
    "ok": Word("найдено", GREEN),
    "empty": Word("пусто", YELLOW),
    "error": Word("ошибка", RED),
    "other": Word("другое"),
}
SEARCH_SOURCES: Words = {"ksrv": Word("Кодекс"), "kassist": Word("kAssist"), "other": Word("другой")}

EMPTY_CAUSES: Words = {
    "absent": Word("нет в комплекте", GREEN),
    "layout": Word("раскладка", BLUE),
    "typo": Word("опечатка", PURPLE),
    "too_long": Word("слишком длинный", ORANGE),
}

VIA: Words = {"pull": Word("скачан"), "push": Word("прислан"), "hand": Word("вручную")}

MODES: Words = {"pull": Word("опрос"), "push": Word("присылает")}

CLASSES: Words = {
    "new": Word("новый", GREY),
    "never": Word("не используется", RED),
    "low": Word("почти не используется", ORANGE),
    "seasonal": Word("по сезонам", BLUE),
    "normal": Word("обычно", GREEN),
    "high": Word("активно", "dark-green"),
    "shared": Word("похоже, общий", YELLOW),
    "exhausted": Word("лимита не хватает", PURPLE),
}
"""kodeks_online_class's label ``class``."""

ADVICE: Words = {"call": Word("звонить", RED), "wait": Word("не звонить", BLUE)}

ADVICE_REASONS: Words = {
    "exhausted": Word("лимит исчерпан"),
    "limit_ends": Word("лимита не хватит до конца месяца"),
    "silent": Word("замолчал: обычно пользуется больше"),
    "busy": Word("неожиданно активен"),
    "never_used": Word("не пользовались ни разу"),
    "low": Word("мало пользуется к этому числу"),
    "upsale": Word("лимита не хватает постоянно: предложить больше"),
    "season": Word("сейчас не сезон"),
}

SEVERITIES: Words = {
    "critical": Word("авария", RED),
    "info": Word("к сведению", BLUE),
    "none": Word("служебное"),
}

PRIORITIES: Words = {
    "K1": Word("K1", RED),
    "K2": Word("K2", ORANGE),
    "K3": Word("K3", YELLOW),
    "K4": Word("K4", BLUE),
    "K5": Word("K5", GREY),
}

REACTION_OUTCOMES: Words = {
    "acknowledged": Word("взято", GREEN),
    "mended": Word("прошло молча", BLUE),
    "unanswered": Word("без ответа", RED),
    "unseen": Word("не видели", GREY),
}
"""kodeks_reaction_alerts_total's label ``outcome``."""

UP_DOWN: Words = {"1": Word("отвечает", GREEN), "0": Word("не отвечает", RED)}

SCORE_STAGES: Words = {
    "attraction": Word("Привлечение"),
    "selection": Word("Подбор"),
    "sale": Word("Продажа"),
    "onboarding": Word("Внедрение"),
    "solution": Word("Решение"),
    "evolution": Word("Развитие"),
    "loyalty": Word("Лояльность"),
    "leaving": Word("Уход"),
}
"""Stages of a client's life, in its order: label ``stage`` of the client score."""

CARD_FIELDS: Words = {
    "fullname": Word("ФИО"),
    "position": Word("Должность"),
    "department": Word("Отдел"),
    "phone": Word("Телефон"),
    "email": Word("Почта"),
}

MONTH_NAMES: Sequence[str] = (
    "Январь", "Февраль", "Март", "Апрель", "Май", "Июнь",
    "Июль", "Август", "Сентябрь", "Октябрь", "Ноябрь", "Декабрь",
)  # fmt: skip
