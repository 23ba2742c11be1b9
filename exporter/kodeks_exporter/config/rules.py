"""Rules that involve several keys or entries.

They work on plain data rather than typed data, so that their findings are reported together with mistakes in single
values. Values of a wrong type are ignored here: they are reported elsewhere.
"""

from collections.abc import Iterator
from contextlib import suppress

from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.parts import KINDS
from kodeks_exporter.config.problems import Loc
from kodeks_exporter.config.typed import Finding
from kodeks_exporter.settings import values
from kodeks_exporter.settings.alerting import THRESHOLDS
from kodeks_exporter.settings.online import OnlineRetry
from kodeks_exporter.settings.score import LIMITS, WEIGHTS
from kodeks_exporter.settings.values import did_you_mean

Mapping = dict[str, Plain]


def findings(data: Plain) -> Iterator[Finding]:
    top = _mapping(data)
    for kind in KINDS:
        yield from _unique_names(kind, top)
    for kind in ("installations", "online_accesses"):
        yield from _known_managers(kind, top)
    for loc, manager in _entries(top, "managers"):
        yield from _working_hours(loc, manager)
    for loc, installation in _entries(top, "installations"):
        yield from _reachable(loc, installation)
        yield from _once((*loc, "catalogs"), installation.get("catalogs"))
        if "snmp" in installation:
            yield from _snmp((*loc, "snmp"), _mapping(installation["snmp"]))
    yield from _online_folders(top)
    yield from _dealers(top)
    yield from _forward(top)
    yield from _online_retry(top)
    yield from _alerting(top)
    yield from _score(top)
    yield from _reaction(top)
    yield from _handling(top)
    yield from _viewers(top)


def with_processes(data: Plain) -> Iterator[str]:
    """Names of the installations whose ``snmp`` names processes of its own."""
    for _, installation in _entries(_mapping(data), "installations"):
        if _mapping(installation.get("snmp")).get("processes") is not None:
            yield str(installation.get("name"))


def _viewers(top: Mapping) -> Iterator[Finding]:
    web = _mapping(top.get("web"))
    if web.get("user_header") and not web.get("trusted_proxies"):
        yield ("web", "user_header"), "is believed of nobody: name the reverse proxy in trusted_proxies"
    managers = [manager for _, manager in _entries(top, "managers")]
    known = {
        "branches": {branch for each in managers if isinstance(branch := each.get("branch"), str)},
        "managers": {name for each in managers if isinstance(name := each.get("name"), str)},
    }
    for section, kind, bounds in (("web", "viewers", "branches, managers"), ("handling", "reviewers", "branches")):
        seen: set[str] = set()
        for where, keys in _entries(_mapping(top.get(section)), kind):
            loc, user = (section, *where), keys.get("user")
            if isinstance(user, str) and user in seen:
                yield (*loc, "user"), f"stands here twice; put all {bounds.replace(', ', ' and ')} into one item"
            seen.add(str(user))
            if keys and not any(keys.get(key) for key in (*known, "everything")):
                yield loc, f"sees nothing: give {bounds} or everything: true"
            for key, names in known.items():
                given = keys.get(key)
                for each in [given] if isinstance(given, str) else given if isinstance(given, list) else []:
                    if isinstance(each, str) and each not in names:
                        yield (*loc, key), f"of no manager; {did_you_mean(each, names)}"


def _mapping(value: Plain) -> Mapping:
    return value if isinstance(value, dict) else {}


def _entries(top: Mapping, kind: str) -> Iterator[tuple[Loc, Mapping]]:
    items = top.get(kind)
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield (kind, index), item


def _names(top: Mapping, kind: str) -> dict[str, Loc]:
    """Each name and the first entry that has it."""
    names: dict[str, Loc] = {}
    for loc, item in _entries(top, kind):
        name = item.get("name")
        if isinstance(name, str):
            names.setdefault(name, loc)
    return names


def _unique_names(kind: str, top: Mapping) -> Iterator[Finding]:
    names = _names(top, kind)
    for loc, item in _entries(top, kind):
        name = item.get("name")
        if isinstance(name, str) and names[name] != loc:
            yield (
                (*loc, "name"),
                f"the name {name!r} is taken already by {kind}[{names[name][1]}]; names must be unique",
            )


def _known_managers(kind: str, top: Mapping) -> Iterator[Finding]:
    managers = _names(top, "managers")
    for loc, item in _entries(top, kind):
        name = item.get("manager")
        if isinstance(name, str) and name not in managers:
            yield (*loc, "manager"), f"unknown manager {name!r}; {did_you_mean(name, managers)}"


def _working_hours(loc: Loc, manager: Mapping) -> Iterator[Finding]:
    hours = _mapping(manager.get("working_hours"))
    start, end = hours.get("start"), hours.get("end")
    if isinstance(start, str) and isinstance(end, str):
        try:
            if values.day_time(start) >= values.day_time(end):
                yield (*loc, "working_hours", "end"), "must be later than start"
        except ValueError:
            return
    outer, inner = manager.get("time_zone"), hours.get("time_zone")
    if outer is not None and inner is not None and outer != inner:
        yield (*loc, "working_hours", "time_zone"), "differs from the manager's own time_zone; keep one of them"


def _reachable(loc: Loc, installation: Mapping) -> Iterator[Finding]:
    mode = installation.get("mode")
    if (mode is None or mode == "pull") and installation.get("url") is None:
        yield (*loc, "url"), "is missing; mode pull needs the server's address, or set mode: push"


def _once(loc: Loc, items: Plain) -> Iterator[Finding]:
    if isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, str) and item in items[:index]:
                yield (*loc, index), "is listed twice; remove one"


def _given(section: Mapping, secret: str) -> bool:
    return section.get(secret) is not None or section.get(f"{secret}_file") is not None


def _key(section: Mapping, secret: str) -> str:
    return secret if section.get(secret) is not None else f"{secret}_file"


def _snmp(loc: Loc, snmp: Mapping) -> Iterator[Finding]:
    version = snmp.get("version")
    if version is None or version == "2c":
        if not _given(snmp, "community"):
            yield (*loc, "community"), "is missing; SNMP 2c needs community or community_file"
        for secret in ("auth_password", "privacy_password"):
            if _given(snmp, secret):
                yield (*loc, _key(snmp, secret)), "belongs to SNMP 3; set version: 3 or remove it"
        if snmp.get("username") is not None:
            yield (*loc, "username"), "belongs to SNMP 3; set version: 3 or remove it"
    elif version == "3":
        if snmp.get("username") is None:
            yield (*loc, "username"), "is missing; SNMP 3 needs a username"
        if _given(snmp, "community"):
            yield (*loc, _key(snmp, "community")), "belongs to SNMP 2c; remove it"
        if _given(snmp, "privacy_password") and not _given(snmp, "auth_password"):
            yield (*loc, _key(snmp, "privacy_password")), "needs auth_password too: SNMP 3 has no privacy without it"


def _online_folders(top: Mapping) -> Iterator[Finding]:
    for loc, access in _entries(top, "online_accesses"):
        url = access.get("url")
        if isinstance(url, str) and url.count("/") == 2 and url.startswith(("http://", "https://")):
            yield (*loc, "url"), "has no folder; write https://HOST/FOLDER"


def _dealers(top: Mapping) -> Iterator[Finding]:
    known = _names(top, "installations")
    for loc, dealer in _entries(top, "dealers"):
        listed = dealer.get("installations")
        for index, name in enumerate(listed if isinstance(listed, list) else [listed]):
            if isinstance(name, str) and name not in known:
                where: Loc = (*loc, "installations", index) if isinstance(listed, list) else (*loc, "installations")
                yield where, f"unknown installation {name!r}; {did_you_mean(name, known)}"


def _forward(top: Mapping) -> Iterator[Finding]:
    here: Loc = ("reports", "forward")
    forward = _mapping(_mapping(top.get("reports")).get("forward"))
    known = _names(top, "installations")
    for name in _mapping(forward.get("intervals")):
        if name not in known:
            yield (*here, "intervals", name), f"unknown installation {name!r}; {did_you_mean(name, known)}"
    headers, seen = forward.get("headers"), set[str]()
    for index, header in enumerate(headers if isinstance(headers, list) else []):
        title = _mapping(header).get("name")
        if not isinstance(title, str):
            continue
        if title.lower() in seen:
            yield (*here, "headers", index, "name"), "is given twice; keep one of them"
        seen.add(title.lower())
        if title.lower() == "authorization" and forward.get("credentials") is not None:
            yield (*here, "headers", index, "name"), "is what credentials send; keep one of them"
    url = forward.get("url")
    if isinstance(url, str) and url.lower().startswith("http:") and _sets_tls(forward):
        yield (*here, "tls"), "has no effect; the url does not begin with https://"


def _sets_tls(section: Mapping) -> bool:
    """Whether ``tls`` has anything but defaults."""
    tls = _mapping(section.get("tls"))
    verify = tls.get("verify")
    return tls.get("ca_file") is not None or (isinstance(verify, str) and values.TRUTH.get(verify.lower()) is False)


def _online_retry(top: Mapping) -> Iterator[Finding]:
    retry = _mapping(_mapping(top.get("online")).get("retry"))
    usual = OnlineRetry()
    for first in ("refused", "other", "server"):
        longest = f"{first}_longest"
        with suppress(ValueError):
            begin, end = (_seconds(retry.get(key), getattr(usual, key)) for key in (first, longest))
            if begin > end:
                yield ("online", "retry", longest), f"must not be shorter than {first}"


def _seconds(value: Plain, otherwise: float) -> float:
    """A duration. Raises ValueError when the value is not one."""
    if value is None:
        return otherwise
    if not isinstance(value, str):
        raise ValueError("must be a duration")
    return values.duration(value)


def _alerting(top: Mapping) -> Iterator[Finding]:
    alertmanager = _mapping(top.get("alertmanager"))
    yield from _working_hours(("alertmanager", "ops"), _mapping(alertmanager.get("ops")))
    smtp = _mapping(alertmanager.get("smtp"))
    if _given(smtp, "password") and smtp.get("username") is None:
        yield ("alertmanager", "smtp", "username"), "is missing; a password needs it"
    if smtp.get("username") is not None and not _given(smtp, "password"):
        yield ("alertmanager", "smtp", "password"), "is missing; a username needs password or password_file"
    prometheus = _mapping(top.get("prometheus"))
    if prometheus.get("scheme") != "https" and _sets_tls(prometheus):
        yield ("prometheus", "tls"), "has no effect; set scheme: https"
    for name, value in _mapping(top.get("thresholds")).items():
        choices = THRESHOLDS[name].choices if name in THRESHOLDS else ()
        with suppress(ValueError):
            if choices and isinstance(value, str) and values.amount(value) not in choices:
                yield ("thresholds", name), "must be one of " + ", ".join(f"{choice:g}" for choice in choices)
    yield from _once(("prometheus", "exporters"), prometheus.get("exporters"))


def _score(top: Mapping) -> Iterator[Finding]:
    score = _mapping(top.get("score"))
    weights: dict[str, float] = dict(WEIGHTS)
    for stage, text in _mapping(score.get("weights")).items():
        with suppress(ValueError):
            weights[str(stage)] = values.weight(text) if isinstance(text, str) else 1
    if not any(weights.values()):
        yield ("score", "weights"), "must leave at least one stage that counts"
    for figure, given in _mapping(score.get("limits")).items():
        usual = LIMITS.get(figure)
        mine = {at: text for at, text in _mapping(given).items() if isinstance(text, str)}
        if usual is not None and mine:
            with suppress(ValueError):
                zero, full = (values.limit(mine.get(at, f"{getattr(usual, at):g}")) for at in ("zero", "full"))
                if (full - zero) * (usual.full - usual.zero) <= 0:
                    side = "above" if usual.full > usual.zero else "below"
                    yield ("score", "limits", figure), f"full ({full:g}) must be {side} zero ({zero:g})"


def _handling(top: Mapping) -> Iterator[Finding]:
    handling = _mapping(top.get("handling"))
    if handling.get("reviewers") and not _given(_mapping(top.get("reaction")), "key"):
        yield ("handling", "reviewers"), "needs reaction.key or reaction.key_file: forms and links are signed with it"
    yield from _once(("handling", "points"), [each.get("name") for _, each in _entries(handling, "points")])


def _reaction(top: Mapping) -> Iterator[Finding]:
    reaction = _mapping(top.get("reaction"))
    listed = reaction.get("alertmanagers")
    if reaction.get("link") is not None and not _given(reaction, "key"):
        yield ("reaction", "key"), "is missing; links need key or key_file to be signed with"
    if reaction and not listed:
        yield ("reaction", "alertmanagers"), "is missing; name every member, such as http://127.0.0.1:9093"
    yield from _once(("reaction", "alertmanagers"), listed)
    yield from _once(("reaction", "silence_choices"), reaction.get("silence_choices"))
    urls = [url for url in (listed if isinstance(listed, list) else [listed]) if isinstance(url, str)]
    if _sets_tls(reaction) and urls and not any(url.lower().startswith("https:") for url in urls):
        yield ("reaction", "tls"), "has no effect; no address begins with https://"
