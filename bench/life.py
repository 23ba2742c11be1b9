"""The rules in a life that is uneven: every alert of a table, with scrapes lost, exporters restarted, away and doubled.

promtool steps time by 15 s, the real interval of scrapes (WHOLE), or by a minute for a sample in the tests (SAMPLE). It
evaluates every group at every step, which hides what groups that come more rarely see; so each rule is rewritten to be
evaluated at its group's own interval, at a phase of its own, and to show in between what it found last.

Each alert has installations (or accesses) of its own, so that one run plays them all. A run is a topology (one
exporter, two, sharding by hashmod) and a life. Healthy: nothing may begin. Faulty: every alert begins, and goes on.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from demo import tools
from replay import clock

RULES: Final = Path(__file__).resolve().parent.parent / "rules"


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds of a step, how many there are, the step at which what is faulty begins, and the one by which every alert
    has begun: the slowest waits 10 minutes in a group of its own interval."""

    step: int
    steps: int
    begin: int
    fired: int


WHOLE: Final = Scale(15, 240, 12, 110)
SAMPLE: Final = Scale(60, 45, 4, 26)
_DAY: Final = 86400
_LEFT_OUT: Final = {"history.yml", "score.yml"}
TOPOLOGIES: Final = ("one", "two", "hashmod")
LIVES: Final = ("calm", "lossy", "restarts", "away")
_PROBED: Final = ("kodeks_check_", "kodeks_installation_state", "kodeks_maintenance_start", "kodeks_tls_")


Value = float | str | None
"""A number, none, or ``now``: the time in seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """What makes an alert fire. ``series``: name to value while healthy and while faulty (None: not there); ``{}``
    stands for the labels of the subject. ``many``: subjects that share a manager. ``labels`` of the inventory."""

    alert: str
    series: Mapping[str, tuple[Value, Value]]
    many: int = 1
    access: bool = False
    hosting: str = ""
    supported: str = "true"


def _check(name: str) -> dict[str, tuple[Value, Value]]:
    return {f'kodeks_check_success{{{{}},check="{name}"}}': (1, 0)}


LIVE: Final = (
    *(
        Case(alert, _check(check))
        for alert, check in (
            ("KodeksIcmp", "icmp"), ("KodeksTcpStatus", "tcp"), ("KodeksHttp200Status", "http"),
            ("KodeksBehindProxyDown", "proxy"), ("KodeksDnsFailure", "dns"), ("KodeksMaintenance", "maintenance"),
            ("KodeksWarning", "page"), ("KodeksOnlineSensLockCheck", "key"), ("LicmanIcmp", "licman_icmp"),
            ("LicmanTcpStatus", "licman_tcp"), ("KodeksAuthNotWork", "auth"), ("KodeksLimitsUsers", "seats"),
        )
    ),
    *(
        Case(f"{alert}Count", _check(check), many=7)
        for alert, check in (("KodeksIcmp", "icmp"), ("KodeksTcpStatus", "tcp"), ("KodeksHttp200Status", "http"))
    ),
    Case("KodeksMaintenanceCount", _check("maintenance"), many=31),
    Case("KodeksHostingOutage", _check("tcp"), many=4, hosting="cloud"),
    Case("KodeksMaintenanceToLong",
         _check("maintenance") | {"kodeks_maintenance_start_timestamp_seconds{{}}": (None, -4 * 3600)}),
    Case("KodeksMaintenanceToLongCount",
         _check("maintenance") | {"kodeks_maintenance_start_timestamp_seconds{{}}": (None, -4 * 3600)}, many=7),
    Case("KodeksNeedSupport",
         _check("page") | {'kodeks_installation_state{{},state="needs_service"}': (0, 1)}),
    Case("KodeksCatalogBroken", {
        'kodeks_catalog_main_page_ok{{},catalog="/docs",reason=""}': (1, None),
        'kodeks_catalog_main_page_ok{{},catalog="/docs",reason="no required volume DB"}': (None, 0)}),
    Case("KodeksCertificateExpiring", {
        "kodeks_tls_certificate_expiry_timestamp_seconds{{}}": (90 * _DAY, 3 * _DAY)}),
    Case("KodeksDiskSpaceLow", {
        'kodeks_disk_free_bytes{{},partition="C"}': (5e10, 1e9),
        'kodeks_disk_size_bytes{{},partition="C"}': (1e12, 1e12)}),
    Case("KodeksServiceProcessDown", {"kodeks_process_running{{}}": (1, 0)}),
    Case("KodeksCheckStale", {'kodeks_check_last_run_timestamp_seconds{{},check="http"}': ("now", 600)}),
)  # fmt: skip

_FRESH: Final = {
    "kodeks_sysinfo_created_timestamp_seconds{{}}": ("now", "now"),
    'kodeks_sysinfo_received_timestamp_seconds{{},via="pull"}': ("now", "now"),
}

REPORTS: Final = (
    *(
        Case(alert, {f'kodeks_volume_error{{{{}},volume="v",code="{code}"}}': (0, 1)})
        for alert, code in (
            ("KodeksDBerrorsNoCode", ""), ("KodeksDBerrorsCode2007", "2007"), ("KodeksDBerrorsCodeXXX", "600"))
    ),
    *(
        Case(f"{alert}Count", {f'kodeks_volume_error{{{{}},volume="v",code="{code}"}}': (0, 1)}, many=7)
        for alert, code in (
            ("KodeksDBerrorsNoCode", ""), ("KodeksDBerrorsCode2007", "2007"), ("KodeksDBerrorsCodeXXX", "600"))
    ),
    *(
        Case(f"KodeksLicenseExpiring{days}day",
             {"kodeks_registration_expiry_timestamp_seconds{{}}": (300 * _DAY, (days - 1) * _DAY)})
        for days in (2, 7, 90)
    ),
    Case("KodeksDBOperUpToOld", {'kodeks_operup_timestamp_seconds{{},file="f"}': (-_DAY, -4 * _DAY)}),
    Case("KodeksDBOperUpToOldCount", {'kodeks_operup_timestamp_seconds{{},file="f"}': (-_DAY, -4 * _DAY)}, many=7),
    Case("KodeksUnsupportedButUsed", {"kodeks_active_users{{}}": (0, 5)}, supported="false"),
    Case("KodeksDBLicensesZero", {"kodeks_volumes_with_expiry{{}}": (3, 0)}),
    Case("KodeksLoginShared", {
        'kodeks_login_addresses{{},user="u",domain=""}': (1, 3), "kodeks_seats{{}}": (10, 10),
        "kodeks_seats_used{{}}": (9, 9)}),
    Case("KodeksDetectOverUserError", {'kodeks_connections_rejected_total{{},user="u",reason="seats"}': (0, 2)}),
    Case("KodeksSearchError", {
        'kodeks_searches_total{{},catalog="d",source="ksrv",type="intellectual",status="error"}': (0, 2)}),
    Case("KodeksOfflineSensLockCheck", {"kodeks_protection_ok{{}}": (1, 0)}),
    Case("KodeksXmlSensLockStatus", {"kodeks_protection_ok{{}}": (1, None)}),
    Case("KodeksSppStatus", {"kodeks_spp_up{{}}": (1, 0)}),
)  # fmt: skip
"""Of these every installation has fresh reports, and a key that works where the case is not about it."""

OLD: Final = (
    Case("SmartXMLfileIsToOld", {"kodeks_sysinfo_created_timestamp_seconds{{}}": (-_DAY, -3 * _DAY)}),
    Case("KodeksSysinfoUnreadable", {
        'kodeks_sysinfo_received_timestamp_seconds{{},via="push"}': (-7200, -7200),
        'kodeks_sysinfo_errors_total{{},reason="broken_zip"}': (0, 3)}),
)  # fmt: skip

ACCESSES: Final = (
    *(
        Case(f"OnlineBilling{name}Left{level}", {
            f'kodeks_online_left{{{{}},resource="{resource}"}}': (300, left),
            f'kodeks_online_limit{{{{}},resource="{resource}"}}': (350, 350),
            "kodeks_online_read_timestamp_seconds{{}}": ("now", "now")}, access=True)
        for name, resource in (
            ("Docs", "documents"), ("Search", "searches"), ("Print", "prints"), ("Upload", "uploads"))
        for level, left in (("150", 100), ("50", 20), ("Zero", 0))
    ),
    Case("OnlineLoginFailed", {"kodeks_online_login_success{{}}": (1, 0)}, access=True),
    Case("OnlineServerDown", {'kodeks_online_server_up{server="OnlineServerDown"}': (1, 0)}, access=True),
    Case("OnlineProfileDeviation", {
        'kodeks_online_deviation{{},kind="silent"}': (0, 1),
        "kodeks_online_read_timestamp_seconds{{}}": ("now", "now")}, access=True),
)  # fmt: skip

FLEET: Final = {"KodeksExporterDown", "KodeksConfigReloadFailed", "KodeksWatchdog", "KodeksNotificationsFailing"}
"""They are about the monitoring itself: rules/tests."""


def cases() -> Iterator[tuple[str, Case]]:
    """A name and a case: installations that are asked, those that only send reports, accesses."""
    yield from ((f"{case.alert}-pull", case) for case in LIVE)
    for mode in ("pull", "push"):
        yield from ((f"{case.alert}-{mode}", case) for case in (*REPORTS, *OLD))
    yield from ((f"{case.alert}-access", case) for case in ACCESSES)


def covered() -> set[str]:
    return {case.alert for _, case in cases()}


def _values(healthy: Value, faulty: Value, fails: bool, scale: Scale) -> list[float | None]:
    def at(value: Value, step: int) -> float | None:
        return float(step * scale.step) if value == "now" else value if value is None else float(value)

    return [at(faulty if fails and step >= scale.begin else healthy, step) for step in range(scale.steps)]


def _seen(life: str, exporter: int, step: int, scale: Scale) -> bool:
    """Does this exporter answer this scrape?"""
    seconds = step * scale.step
    match life:
        case "lossy":  # every third, every seventh
            return step % (3, 7)[exporter] != 1
        case "restarts":  # a minute every quarter of an hour, not both at once
            return (seconds + 450 * exporter) % 900 not in range(750, 810)
        case "away":  # 12 minutes, both
            return seconds not in range(1800, 2520)
        case _:
            return True


def series(topology: str, life: str, fails: bool, scale: Scale) -> dict[str, list[float | None]]:
    """Series with the labels that Prometheus adds, to a value for every step; None: it is not there."""
    found: dict[str, list[float | None]] = {}
    exporters = (0,) if topology == "one" else (0, 1)

    def put(text: str, values: list[float | None], exporter: int, subject: str) -> None:
        job, instance = "kodeks", f"exporter{exporter}"
        if topology == "hashmod" and text.startswith(_PROBED):
            if exporter != zlib.crc32(subject.encode()) % 2:
                return
            job, instance = "probe-kodeks", subject
        seen = [value if _seen(life, exporter, step, scale) else None for step, value in enumerate(values)]
        found[f'{text[:-1]},job="{job}",instance="{instance}"}}'.replace("{,", "{")] = seen

    always: list[float | None] = [1.0] * scale.steps
    for exporter in exporters:
        found[f'up{{job="kodeks",instance="exporter{exporter}"}}'] = [
            float(_seen(life, exporter, step, scale)) for step in range(scale.steps)
        ]
        for name, case in cases():
            for number in range(case.many):
                subject = f"{name}-{number}"
                whose = f'client="ООО «{subject}»",manager="{name}",branch="b"'
                own = f'{"account" if case.access else "installation"}="{subject}"'
                pull = name.endswith("-pull")
                if case.access:
                    put(f'kodeks_online_access_info{{{own},{whose},server="{case.alert}"}}', always, exporter, subject)
                else:
                    put(
                        f'kodeks_installation_info{{{own},{whose},hosting="{case.hosting}",'
                        f'mode="{"pull" if pull else "push"}",'
                        f'url="{"http://x" if pull else ""}",supported="{case.supported}"}}',
                        always, exporter, subject,
                    )  # fmt: skip
                shown: dict[str, tuple[Value, Value]] = dict(case.series)
                if case in REPORTS or case in OLD:
                    shown = {"kodeks_protection_ok{{}}": (1, 1), "kodeks_volumes_with_expiry{{}}": (1, 1), **shown}
                if case in REPORTS:
                    shown = {**_FRESH, **shown}
                if pull:
                    shown = {'kodeks_check_last_run_timestamp_seconds{{},check="http"}': ("now", "now"), **shown}
                for text, (healthy, faulty) in shown.items():
                    values = _values(healthy, faulty, fails, scale)
                    if exporter and text.startswith(("kodeks_check_last_run", "kodeks_online_read")):
                        values = [None if value is None else value - 120 for value in values]  # its clock is behind
                    put(text.replace("{{}", "{" + own, 1).replace("}}", "}"), values, exporter, subject)
    return found


def _notation(values: Sequence[float | None]) -> str:
    words = []
    before: float | None = None
    for value in values:
        words.append(f"{value:.15g}" if value is not None else "stale" if before is not None else "_")
        before = value
    return " ".join(words)


def paced(folder: Path, scale: Scale) -> list[Path]:
    """The rule files with every rule evaluated at its group's own interval, at a phase of its own."""
    written = []
    for path in sorted(RULES.glob("*.yml")):
        if path.name in _LEFT_OUT:
            continue
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            interval = clock.seconds(group.pop("interval", f"{scale.step}s"))
            if interval <= scale.step:
                continue
            phase = zlib.crc32(group["name"].encode()) % int(interval / scale.step) * scale.step
            now = f"on () (vector(time() % {interval:g}) == {phase})"
            rules = []
            for number, rule in enumerate(group["rules"]):
                name, labels = rule.get("record"), rule.get("labels", {})
                own = dict(labels)
                if name is None:
                    name, own = f"bench:{rule['alert']}:{number}", {}
                chosen = name + "{" + ",".join(f'{key}="{value}"' for key, value in own.items()) + "}"
                expression = f"(({rule['expr']}) and {now}) or ({chosen} unless {now})"
                if "alert" in rule:
                    rules.append({"record": name, "expr": expression})
                    waits = -(-clock.seconds(str(rule.get("for", "0s"))) // interval) * interval
                    rules.append({**rule, "expr": name, "for": f"{waits:.0f}s"})
                else:
                    rules.append({**rule, "expr": expression})
            group["rules"] = rules
        written.append(folder / path.name)
        written[-1].write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return written


def faults(topology: str, life: str, fails: bool, scale: Scale = WHOLE) -> str:
    """In words, what the rules do wrong; empty: nothing. ``fails``: every case does, and must go on; else none may."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = paced(folder, scale)
        groups = [group["name"] for path in files for group in yaml.safe_load(path.read_text("utf-8"))["groups"]]
        first = ["kodeks-inventory", "kodeks-sources", "kodeks-counters", "kodeks-figures", "kodeks-slow-figures"]
        document = {
            "rule_files": [path.name for path in files],
            "evaluation_interval": f"{scale.step}s",
            "group_eval_order": [*first, *(name for name in groups if name not in first)],
            "tests": [
                {
                    "interval": f"{scale.step}s",
                    "input_series": [
                        {"series": name, "values": _notation(values)}
                        for name, values in series(topology, life, fails, scale).items()
                    ],
                    "promql_expr_test": [_question(fails, scale)],
                }
            ],
        }
        test = folder / "life.test.yml"
        test.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        done = subprocess.run(
            [tools.find("promtool") or "promtool", "test", "rules", str(test)],
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        return _differences(done.stdout + done.stderr) if done.returncode else ""


def _question(fails: bool, scale: Scale) -> dict[str, object]:
    end = (scale.steps - 1) * scale.step
    own = f'ALERTS{{alertstate="firing",alertname!~"{"|".join(sorted(FLEET))}"}}'
    if not fails:
        began = f"count by (alertname, manager) (count_over_time({own}[{end}s]))"
        return {"expr": began, "eval_time": f"{end}s", "exp_samples": []}
    # A case's manager bears the name of its alert. Which of them fired at every step of the rest.
    rest = scale.steps - scale.fired
    whole = f"max by (alertname, manager) (count_over_time({own}[{rest * scale.step}s]) >= {rest})"
    named = f'label_replace(max by (manager) ({whole}), "alertname", "$1", "manager", "(.+)-(?:pull|push|access)")'
    return {
        "expr": f"count by (manager) ({whole} and on (alertname, manager) {named})",
        "eval_time": f"{end}s",
        "exp_samples": [{"labels": f'{{manager="{name}"}}', "value": 1} for name, _ in cases()],
    }


_SAMPLE: Final = re.compile(r"\{[^}]*\}")


def _differences(text: str) -> str:
    """Which alerts ended or never began, or which began."""
    if "exp:" not in text:
        return text.strip()[-1500:]
    wanted, _, got = text.partition("exp:")[2].partition("got:")
    missing = sorted(set(_SAMPLE.findall(wanted)) - set(_SAMPLE.findall(got)))
    return f"did not fire all the time: {', '.join(missing)}" if missing else f"began: {got.strip()}"


def main() -> None:
    wrong = 0
    for topology in TOPOLOGIES:
        for life in LIVES:
            for fails in (False, True):
                found = faults(topology, life, fails)
                wrong += bool(found)
                print(
                    f"{topology}, {life}, {'faulty' if fails else 'healthy'}: {found or 'as it should be'}", flush=True
                )
    print(f"{len(list(cases()))} cases; {wrong} runs went wrong")


if __name__ == "__main__":
    main()
