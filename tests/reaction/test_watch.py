"""Real Alertmanagers, alone and in a cluster: what is measured of people's reaction to their alerts."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reaction.stand import Alertmanager, Bench, alert, cluster, resolved, series, started

WAITING, TAKEN = "kodeks_reaction_waiting", "kodeks_reaction_taken"
ACKNOWLEDGE, RECOVERY = "kodeks_reaction_acknowledge_seconds", "kodeks_reaction_recovery_seconds"
ALERTS = "kodeks_reaction_alerts_total"


def up(url: str) -> str:
    return f"kodeks_reaction_alertmanager_up{{alertmanager={url.removeprefix('http://')}}}"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Alertmanager, ...]]:
    with cluster(tmp_path) as members:
        yield members


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Alertmanager]:
    with cluster(tmp_path, 1) as (member,):
        yield member


def test_a_replayed_incident_gives_each_manager_the_right_times(pair: tuple[Alertmanager, ...], tmp_path: Path) -> None:
    """One who acknowledges, one who mends without a word, one who does nothing. Prometheus tells both members."""
    first, second = pair
    taken = alert(minutes=12, manager="ivanova", installation="romashka")
    mended = alert(minutes=40, manager="petrov", installation="vasilek", priority="K2")
    nothing = alert(minutes=90, manager="sidorov", installation="klever")
    with Bench(tmp_path / "storage", (first.url, second.url)) as bench:
        for member in pair:
            member.post(taken, mended, nothing)
        values = bench.until(lambda values: values.get(series(WAITING, "sidorov")) == 1)
        assert values[series(WAITING)] == values[series(WAITING, "petrov", "K2")] == 1, "each alert counts once"

        first.silence("звоню клиенту", manager="ivanova", installation="romashka")
        values = bench.until(lambda values: values[series(TAKEN)] == 1)
        assert values[series(WAITING)] == 0
        assert values[series(f"{ACKNOWLEDGE}_count")] == 1
        assert values[series(f"{ACKNOWLEDGE}_sum")] == pytest.approx(time.time() - started(taken), abs=5)

        for member in pair:
            member.post(resolved(mended), resolved(taken))
        values = bench.until(lambda values: values[series(ALERTS, outcome="acknowledged")] == 1)
        assert values[series(f"{RECOVERY}_sum", acknowledged="yes")] == pytest.approx(12 * 60, abs=15)
        assert values[series(f"{RECOVERY}_count", acknowledged="no")] == 0
        assert values[series(ALERTS, "petrov", "K2", outcome="mended")] == 1
        assert values[series(f"{RECOVERY}_sum", "petrov", "K2", acknowledged="no")] == pytest.approx(2400, abs=15)
        assert values[series(f"{ACKNOWLEDGE}_count", "petrov", "K2")] == 0

        assert values[series(WAITING, "sidorov")] == 1
        oldest = values["kodeks_reaction_oldest_waiting_timestamp_seconds{manager=sidorov}"]
        assert oldest == pytest.approx(started(nothing), abs=0.01)
        assert "kodeks_reaction_oldest_waiting_timestamp_seconds{manager=ivanova}" not in values
        assert sum(value for key, value in values.items() if key.startswith(ALERTS)) == 2


def test_what_nobody_answered_until_it_was_repeated(single: Alertmanager, tmp_path: Path) -> None:
    old = alert(minutes=7 * 60)  # K1 is repeated after six hours
    with Bench(tmp_path / "storage", (single.url,)) as bench:
        single.post(old)
        bench.until(lambda values: values.get(series(WAITING)) == 1)
        single.post(resolved(old))
        values = bench.until(lambda values: values[series(ALERTS, outcome="unanswered")] == 1)
        assert values[series(ALERTS, outcome="mended")] == 0
        assert values[series(WAITING)] == 0


def test_a_silence_without_a_comment_is_no_word(single: Alertmanager, tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (single.url,)) as bench:
        single.post(alert())
        single.silence(" ", installation="romashka")
        bench.until(lambda values: values.get(series(WAITING)) == 1)
        assert single.silenced() == {"romashka": True}
        single.silence("теперь словами", installation="romashka")
        bench.until(lambda values: values[series(TAKEN)] == 1)


def test_what_was_silent_from_the_beginning_was_told_to_nobody(single: Alertmanager, tmp_path: Path) -> None:
    """A silence ahead of planned work is no quick reaction."""
    with Bench(tmp_path / "storage", (single.url,)) as bench:
        single.silence("плановые работы", installation="romashka")
        planned = alert(minutes=-0.01)
        other = alert(installation="vasilek")
        time.sleep(1)
        single.post(planned, other)
        values = bench.until(lambda values: values.get(series(WAITING)) == 1)
        assert single.silenced() == {"romashka": True, "vasilek": False}
        single.post(resolved(planned), resolved(other))
        values = bench.until(lambda values: values[series(ALERTS, outcome="mended")] == 1)
        assert values[series(f"{ACKNOWLEDGE}_count")] == 0
        assert sum(value for key, value in values.items() if key.startswith(ALERTS)) == 1


def test_what_another_alert_mutes_waits_for_nobody(single: Alertmanager, tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (single.url,)) as bench:
        outage = alert("KodeksHostingOutage", hosting="te-cloud", manager="petrov")
        port = alert(hosting="te-cloud", minutes=20)
        single.post(outage, port, alert(hosting="other", installation="vasilek", priority="K2"))
        values = bench.until(lambda values: values.get(series(WAITING, "petrov")) == 1)
        assert values[series(WAITING, "ivanova", "K2")] == 1
        assert series(WAITING) not in values, "nobody was told of it"
        told = bench.now()
        single.post(resolved(outage))
        values = bench.until(lambda values: values.get(series(WAITING)) == 1)
        oldest = "kodeks_reaction_oldest_waiting_timestamp_seconds{manager=ivanova}"
        single.post(resolved(alert(hosting="other", installation="vasilek", priority="K2")))
        values = bench.until(lambda values: values[series(WAITING, "ivanova", "K2")] == 0)
        assert values[oldest] == pytest.approx(told, abs=5), "people were told when it was no longer muted"


def test_restart_of_one_member_changes_nothing(pair: tuple[Alertmanager, ...], tmp_path: Path) -> None:
    first, second = pair
    with Bench(tmp_path / "storage", (first.url, second.url)) as bench:
        firing = alert()
        for member in pair:
            member.post(firing)
        before = bench.until(lambda values: values.get(series(WAITING)) == 1)

        first.stop()
        down = bench.until(lambda values: values[up(first.url)] == 0)
        assert down[up(second.url)] == 1
        assert down[series(WAITING)] == 1
        first.start()  # lists nothing yet
        bench.look()
        bench.look()
        assert bench.values() == before
        first.post(firing)
        bench.look()
        assert bench.values() == before


def test_restart_of_the_only_one_is_not_the_end(single: Alertmanager, tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (single.url,), grace=180) as bench:
        firing = alert()
        single.post(firing)
        before = bench.until(lambda values: values.get(series(WAITING)) == 1)
        single.kill()
        bench.ahead = 300
        bench.look()
        assert bench.values()[series(WAITING)] == 1, "an Alertmanager that is down says nothing"
        single.start()
        bench.look()  # lists nothing
        bench.ahead += 60
        bench.look()
        assert bench.values() == before
        single.post(firing)
        bench.ahead += 60
        bench.look()
        assert bench.values() == before

        single.kill()
        single.start()
        bench.ahead += 15
        bench.look()
        for _ in range(4):
            assert bench.values() == before
            bench.ahead += 45
            bench.look()
        gone = 300 + 60 + 60 + 15
        values = bench.values()
        assert values[series(WAITING)] == 0
        lasted = 30 * 60 + gone
        assert values[series(f"{RECOVERY}_sum", acknowledged="no")] == pytest.approx(lasted, abs=15), (
            "it was over when it was first missing"
        )


def test_a_silence_and_sums_outlive_restarts_of_both(single: Alertmanager, tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (single.url,), grace=180) as bench:
        firing = alert()
        single.post(firing)
        single.silence("разбираюсь", installation="romashka")
        before = bench.until(lambda values: values.get(series(TAKEN)) == 1)
        single.stop()
        single.start()
        single.post(firing)
        bench.reopen()
        bench.look()
        assert bench.values() == before
        bench.look()
        assert bench.values()[series(f"{ACKNOWLEDGE}_count")] == 1


def test_what_was_over_while_nobody_watched(single: Alertmanager, tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (single.url,)) as bench:
        firing = alert()
        single.post(firing)
        bench.until(lambda values: values.get(series(WAITING)) == 1)
        single.post(resolved(firing))
        bench.ahead = 7200  # the exporter was down
        bench.reopen()
        values = bench.until(lambda values: values[series(ALERTS, outcome="unseen")] == 1)
        assert values[series(f"{RECOVERY}_count", acknowledged="no")] == 0, "nobody knows how long it lasted"


def test_alerts_that_want_no_reaction(single: Alertmanager, tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", (single.url,)) as bench:
        watchdog = alert("KodeksWatchdog", manager="ops")
        digest = alert("KodeksSearchIsEmpty")
        other = alert("NodeDown")
        del other["labels"]["manager"]
        single.post(watchdog, digest, other, alert("KodeksExporterDown", manager="ops"))
        values = bench.until(lambda values: values.get(series(WAITING, "ops")) == 1)
        assert [key for key in values if key.startswith(WAITING)] == [series(WAITING, "ops")]


def test_a_member_that_hangs_delays_no_other(single: Alertmanager, tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        hanging = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with Bench(tmp_path / "storage", (hanging, single.url)) as bench:
            firing = alert()
            single.post(firing)
            jobs = bench.reactions.jobs(bench.settings)
            assert len(jobs) == 2, "each member has a job of its own"
            jobs[f"reaction 127.0.0.1:{single.port}"].run()
            values = bench.values()
            assert values[series(WAITING)] == 1
            assert values[up(single.url)] == 1
            began = time.monotonic()
            jobs[f"reaction {hanging.removeprefix('http://')}"].run()
            assert time.monotonic() - began < 12
            assert bench.values()[up(hanging)] == 0
            assert bench.values()[series(WAITING)] == 1


def test_without_the_section_there_is_nothing(tmp_path: Path) -> None:
    with Bench(tmp_path / "storage", ()) as bench:
        assert bench.reactions.jobs(bench.settings) == {}
        assert bench.values() == {}
