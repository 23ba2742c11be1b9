"""Follows a script of looks into the store, from where it was left. To be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from kodeks_exporter.domain.reaction import Alert, Listing, Silence
from kodeks_exporter.reaction.incidents import look
from kodeks_exporter.store.reaction import ReactionStore

INCIDENTS, STEP = 300, 15.0
REPEAT = {"K1": 400.0}
BEGIN = 1_000_000.0


def script(now: float) -> Listing:
    """Each tick one alert of five fires anew; every third is taken after 60 s, and each is over after 60 to 600 s."""
    alerts, silences = {}, {}
    for number in range(INCIDENTS):
        starts = BEGIN + number * STEP
        ends = starts + 60 + number % 10 * 60
        if starts <= now < ends:
            silenced: frozenset[str] = frozenset()
            if number % 3 == 0 and now >= starts + 60:
                silences[str(number)] = Silence(str(number), starts + 60, ends, "Иванова", "да")
                silenced = frozenset({str(number)})
            labels = {"manager": f"m{number % 2}", "priority": "K1", "number": str(number)}
            alerts[str(number)] = Alert(str(number), labels, "", (int(starts * 1000),), False, silenced)
    return Listing(alerts, silences)


def main() -> None:
    store = ReactionStore(Path(sys.argv[1]))
    print("ready", flush=True)
    now = max(BEGIN, store.state().watched)
    while now < BEGIN + INCIDENTS * STEP + 1000:
        # A killed exporter comes back at once: it looks again at what it looked at last.
        state = store.state()
        step = look(state.incidents, state.past, script(now), now, state.watched or now, 0.0, REPEAT, grace=30.0)
        store.record(step, now)
        now += STEP
    store.close()


if __name__ == "__main__":
    main()
