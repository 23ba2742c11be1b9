"""When are the server's nightly restart and backup (``/admin/pref``)?

Known: the fields' names. Assumed: they are inputs of a form, or name and time side by side in the text.
"""

import re
from datetime import time

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.verdict import Verdict, ok, skipped, skipped_by
from kodeks_exporter.domain.check import ScheduleFacts
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.reading import read_text
from kodeks_exporter.settings.fleet import Installation

_TIME = r"([01]?\d|2[0-3])[:.]([0-5]\d)"


def check(_installation: Installation, context: Context) -> Verdict:
    path = context.settings.paths.preferences
    if not path or context.credentials is None:
        return skipped("no_credentials", "время ночного перезапуска неизвестно: нужен логин мониторинга")
    try:
        response = context.connection.get(path, context.credentials)
    except CheckError as error:
        return skipped_by(error, f"{path}: {error.text}")
    if response.status != 200:
        return skipped(f"http_{response.status}", f"{path} отвечает кодом {response.status}")
    patterns = context.settings.patterns
    source = response.body.decode("cp1251", "replace")
    facts = ScheduleFacts(_announced(patterns.restart_field, source), _announced(patterns.backup_field, source))
    if facts.restart is None and facts.backup is None:
        text = read_text(response).visible
        facts = ScheduleFacts(_in_text(patterns.restart_field, text), _in_text(patterns.backup_field, text))
    return ok(facts)


def _announced(name: str, source: str) -> time | None:
    for tag in re.findall(r"<input\b[^<>]{0,500}>", source, re.IGNORECASE):
        if re.search(rf"""\bname\s*=\s*["']?{re.escape(name)}["'\s>/]""", tag, re.IGNORECASE):
            return _time(re.search(rf"""\bvalue\s*=\s*["']?\s*{_TIME}""", tag, re.IGNORECASE))
    return None


def _in_text(name: str, text: str) -> time | None:
    return _time(re.search(rf"{re.escape(name)}\W{{0,10}}{_TIME}", text, re.IGNORECASE))


def _time(found: re.Match[str] | None) -> time | None:
    return time(int(found[1]), int(found[2])) if found else None
