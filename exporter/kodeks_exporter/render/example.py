"""The parts that the rendered configuration shares with the project's own alertmanager.yml, read from there:
grouping, waiting times, digests, the form of messages and the table of what mutes what exist only once."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from kodeks_exporter.assets import AssetsError

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
WATCHDOG: Final = "KodeksWatchdog"
UNDELIVERED: Final = "KodeksNotificationsFailing"
HANDLING_MONTH: Final = "KodeksHandlingMonth"
"""Goes to the heads of each branch, ``handling.reviewers`` with an address."""
PRODUCT: Final = 'product="kodeks"'
"""The matcher of all alerts of rules/ and no others."""
_WATCHDOG: Final = f'alertname="{WATCHDOG}"'
_MANAGER: Final = "ivanova"
"""The manager in the example whose routes define the digests."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Alerts with a route of their own: a mail lists them.

    ``alerts``: their names. ``times``: waiting times of the route, by their keys. ``window``: when it comes, one of
    ``hours.WINDOWS``; empty: at once. ``ends``: whether their end is reported.
    """

    alerts: tuple[str, ...]
    times: dict[str, str]
    window: str
    ends: bool


@dataclass(frozen=True, slots=True)
class Example:
    """``grouping``: of the product's route. ``for_ops``: the matcher in managers' routes that leaves to ops what
    only ops can fix. ``watchdog``: times of its route. ``mail``, ``telegram``: options of a receiver without address
    and secret. ``digests``: in the order of their routes. ``inhibit_rules``: the items as text, comments included,
    not indented."""

    grouping: dict[str, Any]
    watchdog: dict[str, Any]
    mail: dict[str, Any]
    telegram: dict[str, Any]
    templates: tuple[str, ...]
    for_ops: str
    digests: tuple[Digest, ...]
    inhibit_rules: str


def read(assets: Path) -> Example:
    """Raises AssetsError when the file is not as expected."""
    path = assets / "alertmanager" / "alertmanager.yml"
    text = path.read_text(encoding="utf-8")
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
        route = next(each for each in document["route"]["routes"] if each["matchers"] == [PRODUCT])
        watchdog = next(each for each in route["routes"] if each["matchers"] == [_WATCHDOG])
        mails = [mail for receiver in document["receivers"] for mail in receiver.get("email_configs", ())]
        telegrams = [each for receiver in document["receivers"] for each in receiver.get("telegram_configs", ())]
        return Example(
            grouping=_without(route, "matchers", "receiver", "routes", "repeat_interval"),
            watchdog=_without(watchdog, "receiver", "matchers"),
            mail=_without(mails[0], "to"),
            telegram=_without(telegrams[0], "bot_token", "bot_token_file", "api_url", "chat_id"),
            templates=tuple(document["templates"]),
            for_ops=_manager(route)["matchers"][-1],
            digests=_digests(route),
            inhibit_rules=_section(text, "inhibit_rules"),
        )
    except (KeyError, IndexError, TypeError, StopIteration, ValueError, yaml.YAMLError) as error:
        raise AssetsError(f"{path} is not as expected: {error!r}") from error


def _manager(product: Any) -> Any:
    return next(each for each in product["routes"] if each["receiver"] == _MANAGER)


def _digests(product: Any) -> tuple[Digest, ...]:
    found = []
    for route in _manager(product)["routes"]:
        matcher = route["matchers"][0]
        if matcher.startswith("alertname"):
            alerts = tuple(sorted(matcher.split('"')[1].split("|")))
            window = next(iter(route.get("active_time_intervals", ())), "")
            times = _without(route, "matchers", "receiver", "active_time_intervals")
            found.append(Digest(alerts, times, window, route["receiver"] == _MANAGER))
    return tuple(found)


def _without(section: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in keys}


def _section(text: str, key: str) -> str:
    """The items of a top-level list, with their comments."""
    found = re.search(rf"^{key}:[^\n]*\n((?:(?:[ #-][^\n]*)?\n)*)", text, re.MULTILINE)
    if found is None:
        raise KeyError(key)
    return textwrap.dedent(found[1]).strip("\n") + "\n"
