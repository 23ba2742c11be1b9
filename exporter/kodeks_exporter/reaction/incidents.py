"""Follows incidents from poll to poll of Alertmanager: they begin, are notified, taken, missing and over.

Pure: computes the changes from the open incidents and the listing, so that the store can save them at once.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from kodeks_exporter.domain.reaction import Alert, End, Ending, Incident, Listing, Silence, Step, Taken

GRACE: Final = 360.0
"""Seconds that an alert must be missing at every answering Alertmanager before it counts as over. A restarted one
lists nothing until Prometheus sends again: every minute, or at the rule's interval of up to four minutes
(rules/*.yml). Alerts of even rarer rules that come back later are not counted again."""
_SAME: Final = 60.0
"""Seconds by which two silences must differ to count as two."""
_MOST_EXTENSIONS: Final = 20
BLIND: Final = 600.0
"""After so many seconds without a poll it is not known when an alert ended."""


def look(
    known: Mapping[str, Incident],
    past: Mapping[str, Incident],
    listing: Listing,
    now: float,
    watched: float,
    steady: float,
    repeat: Mapping[str, float],
    grace: float = GRACE,
) -> Step:
    """``known``: open incidents by identity; ``past``: the last incident of each other alert. ``watched``: when
    Alertmanager was last polled; ``steady``: since when it has answered without a gap. ``repeat``: priority to
    seconds after which a message is repeated."""
    ends: list[End] = []
    opened: list[Incident] = []
    answered: list[Incident] = []
    for identity, alert in listing.alerts.items():
        before = known.get(identity)
        if before is not None and alert.started > before.latest:
            seen = before.seen if before.missing is not None else watched
            over = min(before.missing or now, alert.started)
            ends.append(_end(before, over, seen, repeat))
            before = None
        silences = [listing.silences[each] for each in alert.silenced_by if each in listing.silences]
        if before is None:
            after = _returned(past.get(identity), alert, now) or _begun(alert, silences)
        else:
            after = _continued(before, alert, now)
        after = _extended(_taken(after, silences), silences, now)
        if after.taken is not None and not after.counted and (before is None or before.taken is None):
            answered.append(after)
        if after != before:
            opened.append(after)
    for identity, before in known.items():
        if identity in listing.alerts:
            continue
        if before.missing is None:
            opened.append(replace(before, missing=now, seen=watched))
        elif now - max(before.missing, steady) >= grace:
            ends.append(_end(before, before.missing, before.seen, repeat))
    return Step(tuple(ends), tuple(opened), tuple(answered))


def _begun(alert: Alert, silences: list[Silence]) -> Incident:
    hidden = alert.inhibited or any(silence.starts <= alert.started for silence in silences)
    return Incident(
        identity=alert.identity,
        labels=alert.labels,
        started=alert.started,
        latest=alert.starts[-1] / 1000,
        told=None if hidden else alert.started,
        inhibited=alert.inhibited,
    )


def _returned(past: Incident | None, alert: Alert, now: float) -> Incident | None:
    """The incident that counted as over, if it still fires since the same time: Prometheus could not reach
    Alertmanager for a while. It is not counted again, and stays taken."""
    if past is None or alert.started > past.latest:
        return None
    return replace(_continued(past, alert, now), over=None, counted=True)


def _continued(before: Incident, alert: Alert, now: float) -> Incident:
    started = min(before.started, alert.started)
    told = before.told
    if told is None and not (alert.inhibited or alert.silenced_by):
        told = now
    elif told == before.started:
        told = started
    return replace(
        before,
        labels=alert.labels,
        started=started,
        latest=max(before.latest, alert.starts[-1] / 1000),
        told=told,
        inhibited=alert.inhibited,
        missing=None,
        seen=0.0,
    )


def _taken(incident: Incident, silences: list[Silence]) -> Incident:
    words = [silence for silence in silences if silence.comment.strip()]
    if incident.taken is not None or incident.told is None or not words:
        return incident
    first = min(words, key=lambda silence: silence.starts)
    return replace(incident, taken=Taken(max(first.starts, incident.told), first.author, first.comment, first.ends))


def _extended(incident: Incident, silences: list[Silence], now: float) -> Incident:
    taken = incident.taken
    # Within the first minute it is the very silence by which it was taken, as Alertmanager lists it.
    if taken is None or now - taken.at < _SAME or len(incident.extensions) >= _MOST_EXTENSIONS:
        return incident
    known = max(each.until for each in (taken, *incident.extensions))
    longer = [each for each in silences if each.comment.strip() and each.ends > known + _SAME]
    if not longer:
        return incident
    last = max(longer, key=lambda silence: silence.ends)
    extension = Taken(max(last.starts, taken.at), last.author, last.comment, last.ends)
    return replace(incident, extensions=(*incident.extensions, extension))


def _messages(incident: Incident, told: float, over: float, patience: float) -> int:
    """How many messages were sent: one at once, and one for every ``patience`` seconds without a silence."""
    silent, end = 0.0, told
    for each in (incident.taken, *incident.extensions):
        if each is not None:
            silent += max(0.0, min(each.until, over) - max(each.at, end))
            end = max(end, each.until)
    return 1 + int(max(0.0, over - told - silent) // patience) if patience else 0


def _end(incident: Incident, over: float, seen: float, repeat: Mapping[str, float]) -> End:
    ended = replace(incident, over=over)
    if incident.told is None:
        return End(ended, None, None)
    blind = over - seen > BLIND
    lasted = max(0.0, over - incident.told)
    patience = repeat.get(incident.priority, max(repeat.values(), default=0.0))
    messages = _messages(incident, incident.told, over, patience)
    if incident.taken is not None:
        ending = Ending.ACKNOWLEDGED
    elif blind:
        ending = Ending.UNSEEN
    else:
        ending = Ending.UNANSWERED if lasted >= patience else Ending.MENDED
    if incident.counted:
        return End(ended, None, None, ending, messages)
    return End(ended, ending, None if blind else lasted, ending, messages)
