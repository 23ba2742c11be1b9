"""alertmanager.yml: who gets which message, when it may sound, and what mutes what."""

from dataclasses import dataclass
from typing import Final

from kodeks_exporter.render.example import Example
from kodeks_exporter.render.people import OPS_MAIL, has_chat, people
from kodeks_exporter.render.receivers import inhibitions, intervals, receivers
from kodeks_exporter.render.routes import route
from kodeks_exporter.render.yamltext import matcher_any, scalar, template_text
from kodeks_exporter.settings.alerting import AlertmanagerSettings
from kodeks_exporter.settings.fleet import Fleet
from kodeks_exporter.settings.settings import Settings

PREFIX: Final = "kodeks/"
"""Prefix of our receivers in a configuration that has others too."""
_SMARTHOST: Final = "localhost:25"
_SENDER: Final = "kodeks-exporter@localhost"

_HEAD: Final = """\
# Alertmanager 0.25 and newer. Rendered by `kodeks-exporter render`: a change here is lost at the next run.
#
# Mail always; Telegram for critical alerts, K1 and K2. Outside of a manager's working hours K1 and K2 come to
# Telegram in silence, and other critical alerts wait; what still fires when the working hours begin sounds.
"""
_OURS: Final = matcher_any("product", ("", "kodeks"))
_OTHERS: Final = """\
# Alerts of the site's own rules, which have no label product, go the same way; those of other products to ops.
route:
  receiver: ops
  group_by: [alertname]
  routes:
"""


@dataclass(frozen=True, slots=True)
class Fragment:
    """The product's part, as items of a configuration's lists, not indented; empty ones are left out.

    ``route`` is one route for everything. ``templates``: patterns.
    """

    route: str
    receivers: str
    time_intervals: str
    inhibit_rules: str
    templates: tuple[str, ...]


def fragment(site: Settings, example: Example) -> Fragment:
    """For a configuration that serves others too. It holds secrets where the settings do."""
    settings, everybody = site.alertmanager, people(site, PREFIX)
    return Fragment(
        route(settings, everybody, example),
        receivers(settings, everybody, example, own_server=True),
        intervals(everybody, example),
        inhibitions(settings, example),
        (),
    )


def rendered(site: Settings, example: Example) -> str:
    """The whole file. It holds secrets where the settings do."""
    settings, everybody = site.alertmanager, people(site)
    parts = [
        _HEAD,
        _globals(settings),
        "templates:\n" + "".join(f"  - {scalar(each)}\n" for each in example.templates),
        _OTHERS + _indented(route(settings, everybody, example, _OURS), "    "),
        "time_intervals:\n" + _indented(intervals(everybody, example), "  "),
        "receivers:\n" + _indented(receivers(settings, everybody, example), "  "),
        "inhibit_rules:\n" + _indented(inhibitions(settings, example), "  "),
    ]
    return "\n".join(part for part in parts if part)


def problems(settings: AlertmanagerSettings, fleet: Fleet) -> list[str]:
    """What the configuration leaves out or assumes, for the person who renders it."""
    lines = []
    if not settings.smtp.smarthost:
        lines.append(
            f"alertmanager.smtp.smarthost is not set: mail goes to {_SMARTHOST}, or as the file of --into says"
        )
    if not settings.smtp.sender:
        lines.append(f"alertmanager.smtp.sender is not set: mail comes from {_SENDER}, or as the file of --into says")
    if not settings.ops.email and not has_chat(settings.ops, settings):
        lines.append(f"alertmanager.ops has no email: what belongs to no manager goes to {OPS_MAIL}")
    if settings.dead_man.url is None:
        lines.append("alertmanager.dead_man.url is not set: nobody notices when alerting itself is broken")
    if settings.telegram.bot_token is None:
        chats = [
            manager for manager in [settings.ops, *fleet.managers.values()] if manager.telegram_chat_id is not None
        ]
        if chats:
            lines.append(f"alertmanager.telegram.bot_token is not set: {len(chats)} Telegram chats get nothing")
    for manager in fleet.managers.values():
        if not manager.email:
            way = "mail" if has_chat(manager, settings) else "everything"
            lines.append(f"manager {manager.name!r} has no email: {way} of theirs goes to ops")
    return lines


def has_secrets(settings: AlertmanagerSettings, fleet: Fleet) -> bool:
    return bool(
        settings.telegram.bot_token
        or settings.smtp.credentials
        or settings.dead_man.url
        or any(each.mattermost or each.webhook for each in [settings.ops, *fleet.managers.values()])
    )


def _globals(settings: AlertmanagerSettings) -> str:
    lines = [
        f"smtp_smarthost: {scalar(settings.smtp.smarthost or _SMARTHOST)}",
        f"smtp_from: {scalar(template_text(settings.smtp.sender or _SENDER))}",
        f"smtp_require_tls: {str(settings.smtp.require_tls).lower()}",
    ]
    if settings.smtp.credentials:
        lines += [
            f"smtp_auth_username: {scalar(settings.smtp.credentials.username)}",
            f"smtp_auth_password: {scalar(settings.smtp.credentials.password.reveal())}",
        ]
    if settings.telegram.api_url:
        lines.append(f"telegram_api_url: {scalar(settings.telegram.api_url)}")
    return "global:\n" + "".join(f"  {line}\n" for line in lines)


def _indented(text: str, indent: str) -> str:
    return "".join(f"{indent}{line}\n" if line else "\n" for line in text.splitlines())
