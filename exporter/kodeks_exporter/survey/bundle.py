"""The zip that a site can show to others: requests, answers and findings, without private words."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kodeks_exporter.checks.metrics_text import sample_lines
from kodeks_exporter.config.transliterate import latin
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.net.trace import Exchange
from kodeks_exporter.settings.fleet import Installation, OnlineAccess
from kodeks_exporter.survey.findings import Survey, as_text, in_one_line, proposal_text
from kodeks_exporter.survey.pseudonyms import Pseudonyms

_README: Final = """\
Снимок знакомства с сервером, сделанный `kodeks-exporter survey`. Имена, логины, запросы, адреса и числа заменены
одинаково во всех файлах, даты сдвинуты; слова, которые остались, - слова самих страниц Кодекса и программы.

survey.txt    что понято и что нет, и какая настройка подошла бы
proposal.yml  строки для kodeks.yml
report.txt    устройство отчёта sysinfo: места и вид значений, самих значений в нём нет
profile.yml   раскладка отчёта по догадке
pages/        что спрашивалось и что пришло
"""
_HEADERS: Final = frozenset(
    {"server", "x-powered-by", "content-type", "location", "date", "www-authenticate", "set-cookie", "connection"}
)
_LONGEST: Final = 200_000
"""Characters of one page."""
_MOST_PLACES: Final = 400
_TIME: Final = (2000, 1, 1, 0, 0, 0)


def write_bundle(path: Path, survey: Survey, of: Installation | OnlineAccess) -> None:
    """Raises OSError. The file itself (names, times) does not identify the site either."""
    names = Pseudonyms(keep=_vouched(survey), hide=_known_names(of))
    parts = dict(_parts(survey))
    for text in parts.values():
        names.note(text)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("README.txt", _TIME), _README)
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), names.replace(text))


def _parts(survey: Survey) -> Iterator[tuple[str, str]]:
    yield "survey.txt", as_text(survey)
    yield "proposal.yml", proposal_text(survey)
    if survey.report:
        yield "report.txt", survey.report
    if survey.profile:
        yield "profile.yml", survey.profile
    for number, exchange in enumerate(survey.trace, 1):
        yield f"pages/{number:02}.txt", _exchange(exchange)


def _exchange(exchange: Exchange) -> str:
    asked = f"{exchange.method} {exchange.path}" + (" (с логином)" if exchange.login else "")
    if exchange.response is None:
        return f"{asked}\n\n{exchange.error.text if exchange.error else ''}\n"
    response = exchange.response
    headers = [f"{name}: {value}" for name, value in response.headers.items() if name in _HEADERS]
    text = read_text(response)
    return "\n".join((asked, "", f"ответ {response.status}", *headers, "", text.source[:_LONGEST])) + "\n"


def _vouched(survey: Survey) -> Iterator[str]:
    """Words needed to write a pattern or a profile: from the proposal, the layout, metric names."""
    # Not catalogs, addresses and names, which are the client's, nor paths that were only followed, which may contain
    # users.
    yield f"{survey.kind} name {' '.join(survey.entry)}"
    for key in ("paths", "patterns", "report_path", "time_zone"):
        yield in_one_line(survey.entry.get(key, "")).replace("\\s+", " ")
    yield from (in_one_line(value).replace("\\s+", " ") for value in survey.common.values())
    if len(survey.places) <= _MOST_PLACES:  # more is not a layout: data were used as element names
        yield from survey.places
        yield survey.profile
    yield from (finding.setting for finding in survey.findings)
    for exchange in survey.trace:
        response = exchange.response
        if response is not None:
            yield response.headers.get("server", "")
            yield f"{response.status}"
            yield " ".join(cookie.partition("=")[0] for cookie in response.cookies)
            if "<" not in (text := read_text(response).source[:_LONGEST])[:200]:
                for name, line in sample_lines(text.splitlines()):
                    yield name
                    yield " ".join(re.findall(r"(\w+)=", line))


def _known_names(of: Installation | OnlineAccess) -> Sequence[str]:
    """What the configuration says about the client: no word of it may stay, not even an ordinary one."""
    host = urlsplit(of.url).hostname or ""
    names = [of.name, of.client, latin(of.client), of.manager, of.branch, host.replace(".", " ")]
    if of.credentials is not None:
        names += [of.credentials.username, of.credentials.password.reveal()]
    if isinstance(of, Installation):
        names += [*of.addresses, of.hosting, str(of.licence_manager or "")]
    return names
