"""What each code or failing check means and what to do first, in the words of the alerts that name it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kodeks_exporter.domain.protection import PROTECTION_ERRORS
from replay import engine
from replay.script import Script

RULES = Path(__file__).resolve().parents[2] / "rules"
UNKNOWN = 9999
NO_KEY = {0, 51, 665, *range(4111, 4119)}
"""Codes of the key itself; 0: the page names none. The others are of the registration file and the licence."""
OF_VOLUMES = {
    (600, 601, 669): ("том повреждён", "проверьте диск и восстановите том из дистрибутива или резервной копии"),
    (603,): ("в томе нет записи", "переустановите том; если повторится — проверьте диск"),
    (610,): (
        "документ занят", "посмотрите, не идёт ли обновление или копирование томов; если нет — перезапустите службу",
    ),
    (613,): ("том от другой версии продукта", "сравните версии сервера и тома, установите подходящий"),
    (615, 619): ("в томе неизвестное поле или подпись", "обновите сервер Кодекса: том новее его"),
    (696,): ("устройство тома не такое, как у остальных", "подключите тома одного выпуска"),
    (2008, 4106): ("пользователей больше, чем разрешает рег. файл", "посмотрите, кто занимает рабочие места"),
    (2010, 4100, 4109): ("в рег. файле нет данных защиты", "проверьте, тот ли рег. файл установлен"),
    (2020, 4101): (
        "лицензия на другой номер обновления", "сравните номер обновления тома и лицензии, запросите новый рег. файл",
    ),
    (2021, 4110): ("лицензия истекла или ещё не начала действовать", "проверьте срок лицензии и дату на сервере"),
    (2, 3): ("файл тома или папка пропали", "проверьте, на месте ли файл и подключён ли диск"),
    (5,): (
        "нет доступа к файлу тома", "проверьте права учётной записи, под которой работает служба, и антивирус",
    ),
    (53, 64, 67): (
        "сетевая папка с томами недоступна",
        "проверьте сетевое хранилище; служба под системной учётной записью сетевых папок не видит",
    ),
}  # fmt: skip
VOLUME_ERRORS = {code: f"{why}. Сначала: {first}." for codes, (why, first) in OF_VOLUMES.items() for code in codes}
OF_HOSTINGS = {
    "icmp": ("серверы не отвечают", "позвоните в поддержку площадки: есть ли там питание и связь"),
    "tcp": (
        "порты закрыты", "позвоните в поддержку площадки: не меняли ли межсетевой экран и работают ли серверы",
    ),
    "tls": ("не устанавливается TLS-соединение", "спросите поддержку площадки, что с общим прокси и его сертификатом"),
    "http": (
        "главные страницы не открываются",
        "откройте одну из них в браузере и спросите поддержку площадки, не было ли работ",
    ),
    "proxy": (
        "прокси отвечает, а серверы за ним нет", "спросите поддержку площадки, видит ли общий прокси серверы за собой",
    ),
    "page": (
        "серверы сообщают об аварийном состоянии",
        "прочитайте сообщение на одной из главных страниц; проверьте общий диск и недавние обновления",
    ),
    "key": (
        "пропали ключи защиты",
        "проверьте то, через что площадка раздаёт ключи: менеджер лицензий или программу проброса USB",
    ),
    "auth": (
        "авторизация не работает",
        "проверьте общую службу входа площадки (AD) и не сменился ли пароль логина мониторинга",
    ),
    "licman_tcp": ("менеджер лицензий недоступен", "проверьте, включён ли его компьютер и запущена ли служба"),
    "licman_icmp": ("менеджер лицензий недоступен", "проверьте, включён ли его компьютер и запущена ли служба"),
}  # fmt: skip
"""By the check that fails at all three installations of a hosting; those that are only pushed for don't count."""
NO_OUTAGE = {
    "two": ["tcp", "tcp", ""], "three-of-seven": [*["http"] * 3, *[""] * 4], "mixed": ["tcp", "tcp", "key", "page"],
    "": ["tcp"] * 4, "names": ["dns"] * 3, "work": ["maintenance"] * 3, "ping": ["icmp"] * 3, "expired": ["tls"] * 3,
}  # fmt: skip
"""What fails at each installation of a hosting: few, too many reasons, or nothing that the hosting is to blame for."""


@pytest.fixture(scope="module")
def told(tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, str]]:
    """Annotations by alert and code or check. A code has an installation for the live check and one for the report."""
    tool("promtool")
    series = {}
    for code in (0, UNKNOWN, *PROTECTION_ERRORS):
        for prefix in ("page", "report"):
            series[f'kodeks_installation_info{{installation="{prefix}-{code}",client="c",supported="true"}}'] = "1x99"
        series[f'kodeks_check_success{{installation="page-{code}",check="key"}}'] = "0x99"
        series[f'kodeks_protection_error_code{{installation="page-{code}",source="admin"}}'] = f"{code}x99"
        series[f'kodeks_protection_ok{{installation="report-{code}"}}'] = "0x99"
        series[f'kodeks_protection_error_code{{installation="report-{code}",source="sysinfo"}}'] = f"{code}x99"
    for code in (UNKNOWN, *VOLUME_ERRORS):
        series[f'kodeks_volume_error{{installation="page-0",volume="v",code="{code}"}}'] = "1x99"
    hostings = NO_OUTAGE | {check: [check] * 3 for check in OF_HOSTINGS}
    for hosting, sites in hostings.items():
        for number, check in enumerate([*sites, *["push"] * 9]):
            site, url = f"of-{hosting}-{number}", "" if check == "push" else "u"
            who = f'installation="{site}",client="{site}",hosting="{hosting}",url="{url}"'
            series[f"kodeks_installation_info{{{who}}}"] = "1x99"
            for other in ("tcp", "http"):
                if hosting in OF_HOSTINGS:
                    series[f'kodeks_check_blocked{{installation="{site}",check="{other}",by="{check}"}}'] = "1x99"
                elif check not in ("push", "dns"):
                    series[f'kodeks_check_success{{installation="{site}",check="{other}"}}'] = "1x99"
            series[f'kodeks_check_success{{installation="{site}",check="{check}"}}'] = "0x99"
    start = datetime(2026, 1, 14, 10)
    script = Script.model_validate({
        "case": 99, "title": "", "today": "", "here": "", "fleet": {}, "timeline": [],
        "start": start, "end": start + timedelta(minutes=9), "step": "3m",
    })  # fmt: skip
    names = (
        "site", "inventory", "recording", "network", "state", "senselock", "service", "licence-manager", "hosting",
        "database",
    )  # fmt: skip
    rules = [RULES / f"{name}.yml" for name in names]
    steps, _ = engine.evaluated(script, series, rules, tmp_path_factory.mktemp("codes"))
    found = {}
    for each in steps[-1]:
        labels = dict(each.labels)
        key = labels.get("code") or labels.get("hosting") or labels["installation"].rpartition("-")[2]
        found[each.name, key] = dict(each.annotations)
    return found


@pytest.mark.parametrize("code", PROTECTION_ERRORS)
def test_protection_errors(code: int, told: dict[tuple[str, str], dict[str, str]]) -> None:
    live, report = (told[f"Kodeks{name}SensLockCheck", str(code)] for name in ("Online", "Offline"))
    error = PROTECTION_ERRORS[code]
    assert live["title"] == ("Пропал ключ защиты" if code in NO_KEY else "Защита не работает")
    assert f"Ошибка {code}: {error.meaning}. Сначала: проверьте" in live["description"]
    assert error.first_check in live["description"]
    assert live["details"] == report["details"] == f"ошибка {code}: {error.meaning}"
    assert f", ошибка {code}. Сначала: " in report["description"]


@pytest.mark.parametrize("code", VOLUME_ERRORS)
def test_errors_of_volumes(code: int, told: dict[tuple[str, str], dict[str, str]]) -> None:
    texts = told["KodeksDBerrorsCodeXXX", str(code)]
    assert texts["description"] == f"Том v не работает, ошибка {code}: {VOLUME_ERRORS[code]}"
    assert texts["details"] == f"том v, ошибка {code}"


@pytest.mark.parametrize("check", OF_HOSTINGS)
def test_failures_of_hostings(check: str, told: dict[tuple[str, str], dict[str, str]]) -> None:
    texts, (reason, first) = told["KodeksHostingOutage", check], OF_HOSTINGS[check]
    assert f"отказали одинаково (всего 3): {reason}. Сначала: {first}. Клиенты: " in texts["description"]
    assert texts["details"] == f"площадка {check}: {reason}, установок: 3"


def test_what_is_no_outage(told: dict[tuple[str, str], dict[str, str]]) -> None:
    assert {hosting for name, hosting in told if name == "KodeksHostingOutage"} == set(OF_HOSTINGS)


def test_a_code_that_nobody_knows_is_named(told: dict[tuple[str, str], dict[str, str]]) -> None:
    for name in ("KodeksOnlineSensLockCheck", "KodeksOfflineSensLockCheck", "KodeksDBerrorsCodeXXX"):
        assert f"шибка {UNKNOWN}" in told[name, str(UNKNOWN)]["description"]
    assert "Сначала: прочитайте текст ошибки" in told["KodeksDBerrorsCodeXXX", str(UNKNOWN)]["description"]
