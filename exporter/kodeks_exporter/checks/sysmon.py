"""What does the server's own monitoring module report (``/sysmon/metrics``)? Asked only when some of it is passed on.

Known: server 6.4.5.127 or newer, HTTP Basic with an account that has the right to metrics. The names of its metrics are
not published, so the operator lists those to pass on.
"""

from kodeks_exporter.checks.context import Context
from kodeks_exporter.checks.sysmon_metrics import parse_sysmon
from kodeks_exporter.checks.verdict import Verdict, ok, skipped, skipped_by
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.settings.checks import CheckSettings
from kodeks_exporter.settings.fleet import Installation


def wanted(settings: CheckSettings) -> bool:
    return bool(settings.sysmon.metrics and settings.paths.sysmon)


def check(_installation: Installation, context: Context) -> Verdict:
    path = context.settings.paths.sysmon
    if context.credentials is None:
        return skipped("no_credentials", f"{path} не читается: нужен логин мониторинга")
    try:
        response = context.connection.get(path, context.credentials)
    except CheckError as error:
        return skipped_by(error, f"{path}: {error.text}")
    if response.status in (401, 403):
        return skipped(f"http_{response.status}", f"{path}: логину мониторинга не дано право на метрики")
    if response.status != 200:
        text = f"{path} отвечает кодом {response.status}: нужен сервер 6.4.5.127 или новее с модулем sysmon"
        return skipped(f"http_{response.status}", text)
    try:
        return ok(parse_sysmon(response.body.decode("utf-8", "replace"), context.settings.sysmon))
    except ValueError:
        return skipped("not_understood", f"{path} не читается как метрики")
