"""What becomes of an incident, look by look, by a clock of our own."""

from __future__ import annotations

from dataclasses import replace

from kodeks_exporter.domain.reaction import Alert, End, Ending, Incident, Listing, Silence, Step, united
from kodeks_exporter.reaction.incidents import BLIND, GRACE, look

REPEAT = {"K1": 7200.0, "K5": 259200.0}
START = 1_000_000


def firing(
    *starts: int, inhibited: bool = False, silenced: tuple[str, ...] = (), identity: str = "a", priority: str = "K1"
) -> Alert:
    """``starts``: seconds after START; none: at START."""
    times = tuple((START + each) * 1000 for each in starts or (0,))
    labels = {"alertname": "KodeksTcpStatus", "manager": "ivanova", "priority": priority}
    return Alert(identity, labels, "", times, inhibited, frozenset(silenced))


def silence(name: str, starts: int, comment: str = "звоню") -> Silence:
    return Silence(name, START + starts, START + starts + 7200, "Иванова", comment)


class Film:
    """Shows one listing after another to ``look``."""

    def __init__(self) -> None:
        self.open: dict[str, Incident] = {}
        self.past: dict[str, Incident] = {}
        self.ends: list[End] = []
        self.answered: list[Incident] = []
        self.steady = 0.0
        self.watched = 0.0

    def show(self, at: int, *alerts: Alert, silences: tuple[Silence, ...] = ()) -> Step:
        """``at``: seconds after START."""
        now = float(START + at)
        if now - self.watched > 60:
            self.steady = now
        listing = Listing({each.identity: each for each in alerts}, {each.id: each for each in silences})
        step = look(self.open, self.past, listing, now, self.watched or now, self.steady, REPEAT)
        for end in step.ends:
            del self.open[end.incident.identity]
            self.past[end.incident.identity] = end.incident
        self.open |= {each.identity: each for each in step.opened}
        self.ends += step.ends
        self.answered += step.answered
        self.watched = now
        return step

    def gone(self, at: int, until: int) -> None:
        for moment in range(at, until + 1, 15):
            self.show(moment)

    def told(self) -> list[tuple[Ending | None, float | None]]:
        return [(end.outcome, end.lasted) for end in self.ends]


def test_taken_and_over() -> None:
    film = Film()
    film.show(10, firing())
    film.show(25, firing())
    film.show(310, firing(silenced=("s",)), silences=(silence("s", 300),))
    (answered,) = film.answered
    assert answered.taken is not None
    assert answered.told is not None
    assert answered.taken.at - answered.told == 300
    film.show(325, firing(silenced=("s",)), silences=(silence("s", 300),))
    assert len(film.answered) == 1
    film.show(340, firing(), silences=(silence("s", 300),))
    assert not film.open["a"].waiting, "it stays taken when the silence is over"
    film.gone(355, 355 + int(GRACE))
    assert film.told() == [(Ending.ACKNOWLEDGED, 355.0)]
    assert film.open == {}


def test_nothing_changed_is_no_step() -> None:
    film = Film()
    film.show(10, firing())
    assert film.show(25, firing()) == Step((), (), ())


def test_mended_and_unanswered() -> None:
    film = Film()
    film.show(10, firing())
    film.show(25)
    film.gone(40, 25 + int(GRACE))
    assert film.told() == [(Ending.MENDED, 25.0)]
    film = Film()
    film.show(7000, firing(), firing(identity="b", priority="K5"), firing(identity="c", priority=""))
    film.gone(7200, 7200 + int(GRACE))
    assert film.told() == [(Ending.UNANSWERED, 7200.0), (Ending.MENDED, 7200.0), (Ending.MENDED, 7200.0)]


def test_missing_for_a_while_is_not_over() -> None:
    film = Film()
    film.show(10, firing())
    film.gone(25, 25 + int(GRACE) - 15)
    film.show(25 + int(GRACE), firing())
    assert film.ends == []
    assert film.open["a"].missing is None
    film.gone(300, 300 + int(GRACE))
    assert film.told() == [(Ending.MENDED, 300.0)]


def test_the_time_to_come_back_begins_anew_after_a_pause() -> None:
    """Empty, down for a while, empty again: Prometheus has had no time to send."""
    film = Film()
    film.show(10, firing())
    film.show(25)
    film.show(400)
    assert film.ends == []
    film.show(430, firing())
    assert film.open["a"].missing is None
    assert film.open["a"].told == START


def test_over_while_nobody_watched() -> None:
    film = Film()
    film.show(10, firing(), firing(identity="b", silenced=("s",)), silences=(silence("s", 5),))
    later = 10 + int(BLIND) + 100
    film.gone(later, later + int(GRACE))
    assert film.told() == [(Ending.UNSEEN, None), (Ending.ACKNOWLEDGED, None)]


def test_fires_anew() -> None:
    film = Film()
    film.show(10, firing())
    film.show(25)
    film.show(40, firing(35))
    assert film.told() == [(Ending.MENDED, 25.0)]
    assert film.open["a"].started == START + 35
    film.show(55, firing(50))
    assert film.told()[1:] == [(Ending.MENDED, 15.0)], "it was over at the latest when it began anew"


def test_what_comes_back_with_the_same_start_has_counted() -> None:
    """Prometheus could not reach Alertmanager for longer than that keeps an alert: the same time that it fires."""
    film = Film()
    film.show(310, firing(silenced=("s",)), silences=(silence("s", 300),))
    film.gone(325, 325 + int(GRACE))
    assert film.told() == [(Ending.ACKNOWLEDGED, 325.0)]
    film.show(900, firing(silenced=("s",)), silences=(silence("s", 300),))
    assert len(film.answered) == 1
    assert film.open["a"].taken is not None, "who had taken it has it still"
    film.gone(915, 915 + int(GRACE))
    assert film.told()[1:] == [(None, None)]
    film.show(2000, firing(1995))
    assert film.open["a"].waiting, "a new time is new"
    film.gone(2015, 2015 + int(GRACE))
    assert film.told()[2:] == [(Ending.MENDED, 20.0)]


def test_members_that_differ_tell_of_one_incident() -> None:
    """Prometheus was restarted, and one of two Alertmanagers: that one has the later start alone."""
    film = Film()
    film.show(700, firing(0, 600))
    film.show(715, firing(600))  # the other is down
    film.show(730, firing(0, 600))
    film.show(745, firing(0))
    assert film.ends == []
    assert film.open["a"].started == START
    film = Film()
    film.show(700, firing(600))
    film.show(715, firing(0))
    assert film.ends == []
    assert film.open["a"].told == START, "the member that knows better has come back"


def test_inhibited_alerts_wait_for_nobody() -> None:
    film = Film()
    film.show(10, firing(inhibited=True))
    assert film.open["a"].told is None
    assert not film.open["a"].waiting
    film.show(600, firing())
    assert film.open["a"].waiting
    assert film.open["a"].told == START + 600, "people were told then"
    film.show(615, firing(inhibited=True))
    assert not film.open["a"].waiting
    film.show(630, firing(silenced=("s",)), silences=(silence("s", 620),))
    assert film.open["a"].taken is not None
    assert film.open["a"].taken.at == START + 620
    film = Film()
    film.show(10, firing(inhibited=True))
    film.gone(25, 25 + int(GRACE))
    assert film.told() == [(None, None)], "nobody was ever told"


def test_silent_from_the_beginning() -> None:
    film = Film()
    before = silence("s", -3600)
    film.show(10, firing(silenced=("s",)), silences=(before,))
    film.show(25, firing(silenced=("s",)), silences=(before,))
    assert film.answered == []
    film.show(3700, firing())
    assert film.open["a"].waiting
    assert film.open["a"].told == START + 3700


def test_only_words_count() -> None:
    film = Film()
    film.show(10, firing(silenced=("s",)), silences=(silence("s", 5, " "),))
    assert film.open["a"].waiting
    film.show(25, firing(silenced=("s", "t", "u")), silences=(silence("t", 20), silence("u", 15), silence("s", 5, "")))
    taken = film.open["a"].taken
    assert taken is not None
    assert taken.at == START + 15
    film.show(40, firing(silenced=("unknown",)))
    assert film.open["a"].taken == taken


def test_the_union_of_members() -> None:
    one = Listing({"a": firing(5, inhibited=True)}, {"s": silence("s", 1)})
    other = Listing({"a": firing(0, silenced=("t",)), "b": firing(identity="b")}, {"t": silence("t", 2)})
    both = united([one, other])
    assert sorted(both.alerts) == ["a", "b"]
    assert both.alerts["a"] == replace(firing(0, 5, silenced=("t",)), inhibited=False)
    assert sorted(both.silences) == ["s", "t"]
