"""Protection error codes of Kodeks in words (known; from the vendor's public error lists)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ProtectionError:
    """``meaning`` and ``first_check``: Russian, lower case, no full stop."""

    meaning: str
    first_check: str


_KEY_DATA = ProtectionError("данные ключа не подходят к регистрации", "от этого ли ключа рег. файл")
_NOT_REGISTERED = ProtectionError("на этом компьютере нет регистрации", "подходит ли строка ответа к рег. файлу")
_NO_DATA = ProtectionError("в рег. файле нет данных защиты", "тот ли рег. файл установлен")
_OTHER_UPDATE = ProtectionError("лицензия на другой номер обновления", "номер обновления базы и лицензии")
_EXPIRED = ProtectionError("лицензия истекла или ещё не начала действовать", "срок лицензии и дату на сервере")
_TOO_MANY = ProtectionError("пользователей больше, чем разрешает рег. файл", "число занятых рабочих мест")

PROTECTION_ERRORS: Mapping[int, ProtectionError] = MappingProxyType(
    {
        5: _KEY_DATA,
        6: _KEY_DATA,
        50: _NOT_REGISTERED,
        4107: _NOT_REGISTERED,
        51: ProtectionError(
            "ошибка доступа к ключу: внутренний номер не тот, что в рег. файле",
            "инвентарные номера программами TestSLKey и Testreg",
        ),
        665: ProtectionError(
            "драйвер защиты не установлен или установлен с ошибкой",
            "драйвер защиты (переустановить и перезагрузить сервер)",
        ),
        4111: ProtectionError(
            "ключ для этого рег. файла не найден",
            "вставлен ли ключ, тот ли это ключ, доступен ли менеджер лицензий",
        ),
        4112: ProtectionError(
            "по адресу менеджера лицензий отвечает чужая служба", "адрес и порт в linkml.ini, прокси"
        ),
        4113: ProtectionError(
            "у менеджера лицензий нет этого ключа",
            "вставлен ли ключ у менеджера, подходят ли версии сервера и менеджера",
        ),
        4116: ProtectionError(
            "менеджер лицензий не найден широковещательным поиском (UDP 5555)", "указаны ли адрес и порт в linkml.ini"
        ),
        4117: ProtectionError("ключ заблокирован администратором менеджера", "чёрный список менеджера лицензий"),
        4118: ProtectionError("неверный логин или пароль прокси", "логин и пароль прокси в linkml.ini"),
        2010: _NO_DATA,
        4100: _NO_DATA,
        4109: _NO_DATA,
        2020: _OTHER_UPDATE,
        4101: _OTHER_UPDATE,
        2021: _EXPIRED,
        4110: _EXPIRED,
        2008: _TOO_MANY,
        4106: _TOO_MANY,
    }
)


def in_words(code: int | None) -> str:
    """A Russian sentence for a code; None: the page gave no number."""
    if code is None:
        return "защита не работает, код ошибки не указан"
    known = PROTECTION_ERRORS.get(code)
    if known is None:
        return f"ошибка защиты {code}"
    return f"ошибка защиты {code}: {known.meaning}; проверьте: {known.first_check}"
