"""Queries one Alertmanager by its API v2, and creates silences. Bounded in time and size."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from kodeks_exporter.domain.acknowledge import LABELS, SIGNATURE
from kodeks_exporter.domain.reaction import UNCOUNTED, Alert, Listing, Silence
from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.transport import Resolve, Transport, pieces
from kodeks_exporter.settings.reaction import ReactionSettings

_CONNECT: Final = 3.0
_WHOLE: Final = 8.0
"""Seconds for all requests of one poll."""
_MOST: Final = 32 * 1024 * 1024
"""Bytes of an answer; enough for ten thousand alerts with long texts."""


def member_name(url: str) -> str:
    """``host:port`` of a member, with its path where there is one: a label value without any secret."""
    parts = urlsplit(url)
    return (parts.netloc if parts.port else f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}") + parts.path


class Member:
    """One Alertmanager. Every call is a separate exchange; safe to use from many threads."""

    def __init__(self, url: str, settings: ReactionSettings, resolve: Resolve) -> None:
        self._url = url
        self._settings = settings
        self._resolve = resolve

    def listing(self) -> Listing:
        """The alerts it lists now that have a manager and need a reaction. Raises ``CheckError``."""
        transport = self._transport()
        try:
            with transport.within(_WHOLE):
                silences = self._ask(transport, "GET", "silences")
                alerts = self._ask(transport, "GET", "alerts")
        finally:
            transport.close()
        if not (isinstance(alerts, list) and isinstance(silences, list)):
            raise _garbage()
        try:
            return Listing(_alerts(alerts), {each["id"]: _silence(each) for each in silences})
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            raise _garbage() from None

    def silence(self, labels: Mapping[str, str], starts: float, ends: float, author: str, comment: str) -> None:
        """Silences the alerts with exactly these values of the signed labels; a missing label is empty.

        Raises ``CheckError``.
        """
        document = {
            "matchers": [
                {"name": name, "value": labels.get(name, ""), "isRegex": False, "isEqual": True} for name in LABELS
            ],
            "startsAt": _text(starts),
            "endsAt": _text(ends),
            "createdBy": author,
            "comment": comment,
        }
        transport = self._transport()
        try:
            with transport.within(_WHOLE):
                self._ask(transport, "POST", "silences", json.dumps(document).encode())
        finally:
            transport.close()

    def _transport(self) -> Transport:
        settings = self._settings
        return Transport(self._resolve, _CONNECT, settings.credentials, settings.tls.verify, settings.tls.ca_file)

    def _ask(self, transport: Transport, method: str, what: str, body: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else None
        response = transport.ask(method, f"{self._url}/api/v2/{what}", body, headers)
        if response.status_code != 200:
            raise CheckError("http", f"Alertmanager ответил кодом {response.status_code}")
        content = bytearray()
        for piece in pieces(response):
            content += piece
            if len(content) > _MOST:
                raise CheckError("too_large", "ответ Alertmanager слишком велик")
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise _garbage() from None


def _garbage() -> CheckError:
    return CheckError("garbage", "ответ не похож на ответ Alertmanager")


def _alerts(found: Any) -> dict[str, Alert]:
    alerts = {}
    for each in found:
        labels = {str(name): str(value) for name, value in each["labels"].items()}
        if labels.get("manager") and labels.get("alertname") not in UNCOUNTED:
            alert = _alert(each, labels)
            alerts[alert.identity] = alert
    return alerts


def _alert(each: Any, labels: dict[str, str]) -> Alert:
    status, annotations = each["status"], each["annotations"]
    title, details = str(annotations.get("title", "")).strip(), str(annotations.get("details", "")).strip()
    return Alert(
        identity=_identity(labels),
        labels=labels,
        summary=str(annotations.get("title") or annotations.get("summary", "")),
        starts=(int(_unix(each["startsAt"]) * 1000 + 0.5),),
        inhibited=bool(status.get("inhibitedBy")),
        silenced_by=frozenset(map(str, status.get("silencedBy") or ())),
        title=f"{title} — {details}" if title and details else title,
    )


def _identity(labels: Mapping[str, str]) -> str:
    """Computed from all labels except the link's signature, which changes with the key."""
    items = sorted(item for item in labels.items() if item[0] != SIGNATURE)
    return hashlib.blake2b(json.dumps(items).encode(), digest_size=16).hexdigest()


def _silence(each: Any) -> Silence:
    return Silence(
        str(each["id"]), _unix(each["startsAt"]), _unix(each["endsAt"]), str(each["createdBy"]), str(each["comment"])
    )


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _text(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds")
