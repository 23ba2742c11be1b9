"""What all rules cost Prometheus over a large fleet: 2,000 installations and 2,000 online accesses, then half as many.

A real Prometheus with the project's rules scrapes four prepared texts. For each kind of fault one installation in
twenty has it, and more than a third have at least one; a quarter are within 90 days of their licence's end, as with
clients who renew once a year. From prometheus_rule_group_last_duration_seconds, every 15 s, this prints:

- the rounds as they happened: the groups that Prometheus evaluated within these 15 s. The aim: under 1 s;
- the hourly groups, each of which runs at its own minute: the most expensive one, which adds to one round in 240;
- the sum of all groups, as if all of them ran in one round;
- the load: seconds of evaluation per second, also beside that of half the fleet;
- the most expensive groups and rules.

Groups with an interval above 4 minutes are evaluated every 4 minutes here, so that each gets its turn; the load is
calculated with their own interval. This Prometheus has no data from yesterday: queries for hours and days ago read a
minute ago instead, at the same cost. Windows of days contain whatever there is.

``./run bench rules=FOLDER`` compares with other rules, such as those of an earlier version: two of these Prometheus run
at the same time over the same fleet, since no two hours of a machine are alike.
"""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import yaml

from bench.process import fetch, memory_megabytes
from bench.rows import bounded, row
from demo import servers
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.metrics import installation as installation_metrics
from kodeks_exporter.settings.fleet import Credentials, Installation
from replay import clock
from replay.observed import Fault, status

FLEET = 2000
"""Installations, and as many online accesses."""
EXPORTERS = 4
"""They share the fleet, as docs/render.md advises for a large one."""
MANAGERS = 40
USERS = 5
REFUSED = 3
"""Logins that have been refused, in one installation out of ten: only those have a counter."""
KINDS = (
    "requests", "documents", "services", "links", "prints", "saves", "kassist", "searches_intellectual",
    "searches_attribute", "searches_empty", "rejections",
)  # fmt: skip
SEARCHES = 3
VOLUMES = 4
SECONDS = 750
"""How long it runs: alerts of rules with `interval: 4m` and `for: 5m` fire at most 12 minutes after the first
evaluation."""
LONGEST = 240.0
ROUND = 15.0
HALF_SECONDS = 300
"""For half the fleet: every group has had its turn. Its load is compared with that of the whole at the same age."""
MOST_GROWTH = 2.1
LAST = 6
"""Rounds at the end that the load and the sum of all groups are taken from: by then every group has been evaluated."""
SETTLED = 2
"""Rounds at the beginning that are ignored, because Prometheus has just started."""
DEAREST = 20
IN_ROUND = 8
"""How many groups of the most expensive round are listed."""
MAX_SECONDS = 1.0
NOW = "NOW"
"""Stands for the time of the scrape: a check that is never run again is an alert."""
FAULTS = ("dns", "tcp", "http", "maintenance", "key", "seats", "auth", "page")
"""One installation in fifty fails, in each of these ways in turn."""
RULES = Path(__file__).resolve().parent.parent / "rules"


def exposition(now: float, shard: int, fleet: int) -> str:
    """All series of one exporter, without help texts. ``now``: Unix seconds."""
    month = time.strftime("%Y-%m", time.gmtime(now))
    lines = ['kodeks_exporter_poll_interval_seconds{kind="checks"} 30']
    for number in range(shard, fleet, EXPORTERS):
        lines += _installation(number, now, month)
    for number in range(shard, fleet, EXPORTERS):
        lines += _access(number, now)
    return "\n".join(lines) + "\n"


def _installation(number: int, now: float, month: str) -> Iterator[str]:
    manager = number % MANAGERS
    name = f"site{number}"
    subject = Installation(
        name, f"ООО «Клиент {number}»", f"manager{manager}", branch=f"branch{manager % 6}",
        url=f"http://{name}.example:8080", addresses=("192.0.2.10",), hosting=f"hosting{number % 60}",
        credentials=Credentials("smartlogin", Secret("x")), catalogs=("/docs", "/tech"),
    )  # fmt: skip
    fault = Fault(FAULTS[number // 50 % len(FAULTS)], now, 4111) if number % 50 == 0 else None
    for family in installation_metrics.families(subject, status(subject, fault, now)):
        for sample in family.samples:
            value = NOW if sample.name == "kodeks_check_last_run_timestamp_seconds" else f"{sample.value:.15g}"
            labels = ",".join(f'{key}="{text}"' for key, text in sample.labels.items())
            yield f"{sample.name}{{{labels}}} {value}"
    mine = f'installation="{name}"'
    age = 3 * 86400 if number % 40 == 0 else 1800
    yield f"kodeks_sysinfo_created_timestamp_seconds{{{mine}}} {now - age:.0f}"
    yield f'kodeks_sysinfo_received_timestamp_seconds{{{mine},via="pull"}} {now - age:.0f}'
    yield f'kodeks_build_info{{{mine},server="6.4.5.127",sysinfo="2.0.6.15",kassist="",os="Windows"}} 1'
    yield f"kodeks_protection_ok{{{mine}}} {int(number % 200 != 0)}"
    yield f"kodeks_seats{{{mine}}} 25"
    yield f"kodeks_seats_used{{{mine}}} {25 if number % 60 == 0 else number % 20}"
    yield f"kodeks_registration_expiry_timestamp_seconds{{{mine}}} {now + (number % 400) * 86400:.0f}"
    yield f"kodeks_activity{{{mine}}} {number % 200}"
    yield f"kodeks_users{{{mine}}} {USERS}"
    yield f"kodeks_active_users{{{mine}}} {8 if number % 10 == 0 else 16 + number % 9}"
    yield f"kodeks_spp_up{{{mine}}} {int(number % 100 != 0)}"
    yield f'kodeks_operup_timestamp_seconds{{{mine},file="operup1"}} {now - (5 if number % 50 == 7 else 1) * 86400:.0f}'
    yield f"kodeks_volumes_with_expiry{{{mine}}} {VOLUMES}"
    if number % 20 == 0:
        yield f'kodeks_login_addresses{{{mine},user="user1",domain="D"}} {2 + number % 3}'
    for volume in range(VOLUMES):
        which = f'{mine},volume="{volume}"'
        yield f'kodeks_volume_expiry_timestamp_seconds{{{which},product="{volume}"}} {now + 200 * 86400:.0f}'
        if number % 100 == volume:
            yield f'kodeks_volume_error{{{which},code="2007"}} 1'
    for user in range(USERS):
        whose = f'{mine},user="user{user}",domain="D"'
        yield f"kodeks_user_requests_total{{{whose}}} {user * 7}"
        yield f"kodeks_user_first_seen_timestamp_seconds{{{whose}}} {now - 90 * 86400:.0f}"
        yield f"kodeks_user_last_seen_timestamp_seconds{{{whose}}} {now - 3600:.0f}"
        yield f'kodeks_session_info{{{whose},ip="192.0.2.{user}",browser="Chrome",since="09:00"}} 1'
        if number % 10 == 0 and user < REFUSED:
            refused = int(number % 100 == 0 and user == 0)
            yield f'kodeks_connections_rejected_total{{{mine},user="user{user}",reason="seats"}} {refused}'
    for kind in KINDS:
        yield f'kodeks_usage_total{{{mine},domain="D",month="{month}",kind="{kind}"}} {number % 50}'
    for kind in ("all", "active"):
        yield f'kodeks_month_users{{{mine},domain="D",month="{month}",kind="{kind}"}} {USERS}'
    yield f'kodeks_month_seats{{{mine},month="{month}"}} 25'
    for kind in ("ok", "empty", "error"):
        sort = 'catalog="/docs",source="ksrv",type="intellectual"'
        amount = 0 if kind != "ok" and number % 20 else 3
        yield (f'kodeks_searches_total{{{mine},{sort},status="{kind}"}} {amount}')
    for bound in ("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "20.0", "60.0", "+Inf"):
        yield f'kodeks_search_duration_seconds_bucket{{{mine},status="ok",le="{bound}"}} 30'
    yield f'kodeks_search_duration_seconds_count{{{mine},status="ok"}} 30'
    for search in range(SEARCHES):
        yield (
            f'kodeks_search_event_info{{{mine},user="user1",{sort},status="empty",query="ПНДФ 14.{search}",'
            f'time="2026-01-13T10:0{search}:00",cause="absent",family="ПНДФ"}} 9'
        )


def _access(number: int, now: float) -> Iterator[str]:
    manager = number % MANAGERS
    mine = f'account="access{number}"'
    yield (
        f'kodeks_online_access_info{{{mine},client="АО «Доступ {number}»",manager="manager{manager}",'
        f'branch="branch{manager % 6}",server="nps{number % 4}.example",login="u{number}"}} 1'
    )
    yield f"kodeks_online_up{{{mine}}} {int(number % 100 != 0)}"
    yield f"kodeks_online_login_success{{{mine}}} {int(number % 100 != 1)}"
    yield f"kodeks_online_read_timestamp_seconds{{{mine}}} {now - 1800:.0f}"
    for resource, limit in (("documents", 350), ("searches", 3000), ("prints", 3000), ("uploads", 3000)):
        left = limit // 10 if number % 20 == 0 else limit * (10 + number % 9) // 20
        yield f'kodeks_online_limit{{{mine},resource="{resource}"}} {limit}'
        yield f'kodeks_online_left{{{mine},resource="{resource}"}} {left}'
    yield f'kodeks_online_class{{{mine},class="good"}} 1'
    yield f"kodeks_online_documents_expected{{{mine}}} 60"
    if number % 30 == 0:
        yield f'kodeks_online_advice{{{mine},advice="wait",reason="season"}} 1'
    if number % 100 == 3:
        yield f'kodeks_online_deviation{{{mine},kind="silent"}} 1'
    for kind in ("ok", "empty"):
        amount = 0 if kind == "empty" and number % 20 else 4
        yield f'kodeks_online_searches_total{{{mine},type="intellectual",status="{kind}"}} {amount}'
    if number % 20 == 0:
        for search in range(SEARCHES):
            yield (
                f'kodeks_online_search_event_info{{{mine},type="intellectual",status="empty",query="ПНДФ 14.{search}",'
                f'time="2026-01-13T10:0{search}:00",cause="absent",family="ПНДФ"}} 9'
            )


def main(other: str = "") -> None:
    """``other``: a folder of rules to compare with."""
    if other:
        beside(Path(other).resolve())
        return
    whole, half = loads(FLEET, SECONDS), loads(FLEET // 2, HALF_SECONDS)
    a, b = statistics.median(half[-LAST:]), statistics.median(whole[: len(half)][-LAST:])
    row(f"rules, load, {FLEET}", f"{b:.3f} of a core", f"{a:.3f} with {FLEET // 2}", b / a, MOST_GROWTH)


def beside(other: Path) -> None:
    """Prints the median round of the project's rules as a ratio to that of the rules in ``other``."""
    with contextlib.ExitStack() as stack:
        port, _ = stack.enter_context(exporters(FLEET))
        both = []
        for rules in (RULES, other):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            both.append(Rounds(*stack.enter_context(prometheus(folder, port, rules))))
        watched = [threading.Thread(target=each.watch, args=(SECONDS,)) for each in both]
        for each in watched:
            each.start()
        for each in watched:
            each.join()
        (ours, our_load), (theirs, their_load) = (
            (statistics.median(each.settled()), statistics.median(each.load[-LAST:])) for each in both
        )
        row("rules, the median round of 15 s", f"{ours:.2f} s", f"{theirs:.2f} s with {other}", ours / theirs, 1.0)
        row("rules, load", f"{our_load:.3f} of a core", f"{their_load:.3f} with {other}", our_load / their_load, 1.0)


def loads(fleet: int, seconds: int) -> list[float]:
    """The load after each round. What it costs is printed if it is the whole fleet."""
    with (
        exporters(fleet) as (port, series),
        tempfile.TemporaryDirectory() as folder,
        prometheus(Path(folder), port) as started,
    ):
        rounds = Rounds(*started)
        rounds.watch(seconds)
        if fleet == FLEET:
            print(f"{series} series of {fleet} installations and as many accesses")
            rounds.report()
        return rounds.load


@contextlib.contextmanager
def exporters(fleet: int) -> Iterator[tuple[int, int]]:
    """Serves what the exporters of that many installations show: the port, and how many series they are."""
    now = time.time()
    texts = [exposition(now, shard, fleet).encode() for shard in range(EXPORTERS)]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(texts))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], sum(text.count(b"\n") for text in texts)
    finally:
        server.shutdown()
        server.server_close()


def copy_rules(folder: Path, rules: Path = RULES) -> dict[str, float]:
    """Writes the rules to ``folder``, with intervals up to LONGEST and yesterday a minute ago. Returns group to its own
    interval in seconds."""
    folder.mkdir()
    own = {}
    for path in rules.glob("*.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for group in document["groups"]:
            own[group["name"]] = clock.seconds(group.get("interval", f"{ROUND:.0f}s"))
            if own[group["name"]] > LONGEST:
                group["interval"] = f"{LONGEST:.0f}s"
            for rule in group["rules"]:
                rule["expr"] = re.sub(r"\boffset \d+[hd]\b", "offset 1m", str(rule["expr"]))
        (folder / path.name).write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return own


@contextlib.contextmanager
def prometheus(folder: Path, port: int, rules: Path = RULES) -> Iterator[tuple[str, int, dict[str, float]]]:
    """A Prometheus with the rules, over what is served at ``port``: its address, its pid, and group to interval."""
    intervals = copy_rules(folder / "rules", rules)
    document = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": [str(folder / "rules" / "*.yml")],
        "scrape_configs": [
            {
                "job_name": f"kodeks-{shard}",
                "metrics_path": f"/{shard}",
                "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            }
            for shard in range(EXPORTERS)
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with servers.prometheus(folder / "prometheus.yml", folder, "--log.level=error") as server:
        assert server.process is not None
        yield server.url.removeprefix("http://"), server.process.pid, intervals


class Rounds:
    """What Prometheus evaluated in each round of 15 s."""

    def __init__(self, address: str, pid: int, intervals: dict[str, float]) -> None:
        self._address, self._pid, self._intervals = address, pid, intervals
        self._rounds: list[dict[str, float]] = []
        self._whole: list[float] = []
        self.load: list[float] = []

    def watch(self, duration: int) -> None:
        evaluated: dict[str, float] = {}
        begin = time.monotonic()
        for number in range(1, int(duration / ROUND) + 1):
            time.sleep(max(0.0, begin + number * ROUND - time.monotonic()))
            groups = of_groups(self._address, "last_duration_seconds")
            when = of_groups(self._address, "last_evaluation_timestamp_seconds")
            self._rounds.append(
                {
                    group: seconds
                    for group, seconds in groups.items()
                    if when[group] != evaluated.get(group) and self._intervals[group] <= LONGEST
                }
            )
            self._whole.append(sum(groups.values()))
            self.load.append(sum(seconds / self._intervals[group] for group, seconds in groups.items()))
            evaluated = when

    def settled(self) -> list[float]:
        """Seconds of each round but the first ones."""
        return [sum(each.values()) for each in self._rounds[SETTLED:]]

    def report(self) -> None:
        (firing,) = ask(self._address, 'count(ALERTS{alertstate="firing"}) or vector(0)').values()
        print(f"{firing:.0f} alerts fire")
        groups = of_groups(self._address, "last_duration_seconds")
        for group, seconds in sorted(groups.items(), key=lambda each: -each[1])[:DEAREST]:
            print(f"  {seconds:6.3f} s every {self._intervals[group]:4.0f} s  {group}")
        for seconds, name in of_rules(self._address)[:DEAREST]:
            print(f"  {seconds:6.3f} s  {name}")
        dearest = max(self._rounds[SETTLED:], key=lambda each: sum(each.values()))
        among = ", ".join(
            f"{group} {seconds:.2f}" for group, seconds in sorted(dearest.items(), key=lambda each: -each[1])[:IN_ROUND]
        )
        print(f"most expensive round: {len(dearest)} groups, among them {among}")
        settled = self.settled()
        hourly = max(seconds for group, seconds in groups.items() if self._intervals[group] > LONGEST)
        bounded("rules, the median round of 15 s", statistics.median(settled), 0.4, "s")
        bounded("rules, the most expensive round", max(settled), 1.0, "s")
        bounded("rules, the night's score", groups.get("kodeks-score", 0.0), 5.0, "s")
        print(
            f"{sum(each >= MAX_SECONDS for each in settled)} of {len(settled)} rounds took over {MAX_SECONDS:g} s;"
            f" the most expensive of the hourly groups: {hourly:.2f} s;"
            f" all groups, if they ran in one round: {statistics.median(self._whole[-LAST:]):.2f} s;"
            f" load: {100 * statistics.median(self.load[-LAST:]):.1f} % of one core;"
            f" Prometheus: {memory_megabytes(self._pid):.0f} MB"
        )


def of_groups(address: str, figure: str) -> dict[str, float]:
    """A metric of Prometheus' own by rule group; ``figure`` as in ``prometheus_rule_group_…``."""
    found = {}
    for line in fetch(f"http://{address}/metrics").decode().splitlines():
        if line.startswith(f"prometheus_rule_group_{figure}{{"):
            labels, _, value = line.rpartition(" ")
            found[labels.rpartition(";")[2].removesuffix('"}')] = float(value)
    return found


def of_rules(address: str) -> list[tuple[float, str]]:
    """Seconds of the last evaluation and name of every rule, the most expensive first."""
    answer = json.loads(fetch(f"http://{address}/api/v1/rules"))
    rules = [rule for group in answer["data"]["groups"] for rule in group["rules"]]
    return sorted(((rule["evaluationTime"], rule["name"]) for rule in rules), reverse=True)


def ask(address: str, expression: str) -> dict[str, float]:
    """An instant query: label sets to values."""
    answer = json.loads(fetch(f"http://{address}/api/v1/query?{urlencode({'query': expression})}"))
    return {json.dumps(each["metric"]): float(each["value"][1]) for each in answer["data"]["result"]}


def _handler(texts: Sequence[bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = texts[int(self.path.strip("/"))].replace(f" {NOW}\n".encode(), f" {time.time():.0f}\n".encode())
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # Prometheus is stopped in the middle of a scrape
                self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    return Handler


if __name__ == "__main__":
    main()
