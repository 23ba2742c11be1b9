"""Receivers, working hours and inhibitions: items of the lists of Alertmanager's configuration, not indented."""

from __future__ import annotations

from typing import Any, Final

from kodeks_exporter.render.example import Example
from kodeks_exporter.render.hours import window_of
from kodeks_exporter.render.people import People, Person
from kodeks_exporter.render.routes import plain
from kodeks_exporter.render.yamltext import flow, scalar, template_text
from kodeks_exporter.render.zones import named
from kodeks_exporter.settings.alerting import AlertmanagerSettings


def receivers(settings: AlertmanagerSettings, people: People, example: Example, *, own_server: bool = False) -> str:
    """``own_server``: servers of mail and Telegram are written into the receivers, as far as the settings name them,
    because the section ``global`` belongs to somebody else."""
    forms = _Forms(settings, example, people.ops, own_server)
    text = "# The fallback: whatever nobody else gets.\n" + _mails(people.ops, forms) + _telegrams(people.ops, forms)
    for person in people.managers:
        text += "\n" + _mails(person, forms) + _telegrams(person, forms)
    for heads in people.heads:
        text += f"\n- name: {scalar(heads.digest)}\n" + forms.mail(heads, digest=True)
    text += "\n# Outside of this machine; it raises the alarm when it hears nothing for some minutes.\n"
    text += f"- name: {scalar(people.dead_man)}\n"
    if settings.dead_man.url is not None:
        url = scalar(settings.dead_man.url.reveal())
        text += f"  webhook_configs:\n    - url: {url}\n      send_resolved: false\n"
    return text


def intervals(people: People, example: Example) -> str:
    """Working hours and times of digests; people with the same ones share an entry."""
    days = {each.day.name: each.day for each in people.everybody if each.day is not None and each.sound}
    spans = {}
    for day in days.values():
        spans[day.name] = (day, day.start, day.end)
        spans[day.inner_name] = (day, *day.inner)
    text = ""
    for name in sorted(spans):
        day, start, end = spans[name]
        text += f"""\
- name: {scalar(name)}
  time_intervals:
    - times: [{{start_time: '{start}', end_time: '{end}'}}]
      weekdays: {flow([day.weekdays])}
      location: {scalar(day.zone)}
"""
    kinds = sorted({digest.window for digest in example.digests if digest.window})
    readers = [person.mail_reader for person in people.everybody if person is people.ops or person.reachable]
    windows = {window.name: window for reader in readers for kind in kinds for window in [window_of(reader, kind)]}
    for name, window in sorted(windows.items()):
        keys = "".join(f"      {key}: {flow(value)}\n" for key, value in window.spans.items())
        text += f"""\
- name: {scalar(name)}
  time_intervals:
    - times: [{{start_time: '{window.start}', end_time: '{window.end}'}}]
{keys}\
      location: {scalar(window.zone)}
"""
    return text


def inhibitions(settings: AlertmanagerSettings, example: Example) -> str:
    text = example.inhibit_rules
    if settings.inhibit_rules:
        text += "\n# Of this site.\n"
    for rule in settings.inhibit_rules:
        text += f"- source_matchers: {flow(rule.source_matchers)}\n  target_matchers: {flow(rule.target_matchers)}\n"
        if rule.equal:
            text += f"  equal: {flow(rule.equal)}\n"
    return text


def _mails(person: Person, forms: _Forms) -> str:
    if not person.own_mail:
        return _telegram_instead(person, forms) if person is forms.ops else ""
    text = f"- name: {scalar(person.mail)}\n" + forms.mail(person)
    return text + f"- name: {scalar(person.digest)}\n" + forms.mail(person, digest=True)


def _telegram_instead(ops: Person, forms: _Forms) -> str:
    text = f"- name: {scalar(ops.mail)}\n" + forms.chat(ops, silent=False)
    return text + f"- name: {scalar(ops.digest)}\n" + forms.chat(ops, silent=True, digest=True)


def _telegrams(person: Person, forms: _Forms) -> str:
    if not person.sound:
        return ""
    text = f"- name: {scalar(person.sound)}\n" + forms.chat(person, silent=False)
    if person.silent:
        text += f"- name: {scalar(person.silent)}\n" + forms.chat(person, silent=True)
    return text


_SUBJECT: Final = '{{ template "kodeks.mail.subject" . }}'


class _Forms:
    """Writes the options of mails and Telegram messages in full once and refers to them afterwards."""

    def __init__(self, settings: AlertmanagerSettings, example: Example, ops: Person, own_server: bool) -> None:
        self.ops = ops
        token = settings.telegram.bot_token
        server, telegram = _servers(settings) if own_server else ({}, {})
        way = settings.telegram.proxy_url
        proxy = {"http_config": {"proxy_url": way.reveal()}} if way else {}
        self._options: dict[str, dict[str, Any]] = {
            "mail": server | example.mail,
            "telegram": telegram | {"bot_token": token.reveal()} | example.telegram | proxy if token else {},
        }
        self._zone_of: dict[str, str] = {}
        """Form to the time zone that it was written for."""

    def mail(self, person: Person, *, digest: bool = False) -> str:
        own = [f"to: {scalar(template_text(', '.join(person.own_mail)))}"]
        return "  email_configs:\n" + self._item("mail", person, own, digest)

    def chat(self, person: Person, *, silent: bool, digest: bool = False) -> str:
        """Telegram and similar channels, as far as the person has them."""
        text = self._telegram(person, silent=silent, digest=digest) if person.telegram else ""
        ended = str(not digest).lower()
        if person.settings.mattermost is not None:
            zone = person.settings.time_zone.key
            words = self._in_zone('{{ template "kodeks.mail.text" . }}', zone)
            text += f"  slack_configs:\n    - api_url: {scalar(person.settings.mattermost.reveal())}\n"
            text += f"      send_resolved: {ended}\n      title: {scalar(_SUBJECT)}\n      text: {scalar(words)}\n"
        if person.settings.webhook is not None:
            url = scalar(person.settings.webhook.reveal())
            text += f"  webhook_configs:\n    - url: {url}\n      send_resolved: {ended}\n"
        return text

    def _telegram(self, person: Person, *, silent: bool, digest: bool = False) -> str:
        own = [f"chat_id: {person.settings.telegram_chat_id}", f"disable_notifications: {str(silent).lower()}"]
        return "  telegram_configs:\n" + self._item("telegram", person, own, digest)

    def _item(self, form: str, person: Person, own: list[str], digest: bool) -> str:
        zone = person.settings.time_zone.key
        options = self._options[form]
        templates = {key: self._in_zone(value, zone) for key, value in options.items() if isinstance(value, str)}
        # a digest follows the ordinary receiver, so the form is written by then
        if form in self._zone_of:
            if zone != self._zone_of[form]:
                own += [f"{key}: {scalar(text)}" for key, text in templates.items() if "kodeks." in text]
            lines = [f"<<: *kodeks-{form}", *own, *(["send_resolved: false"] if digest else [])]
            return "    - " + "\n      ".join(lines) + "\n"
        self._zone_of[form] = zone
        text = "".join(f"      {line}\n" for line in own) + plain(options | templates, "      ")
        return f"    - &kodeks-{form}\n{text}"

    def _in_zone(self, option: str, zone: str) -> str:
        """An option that calls a template, in the version for somebody's time zone; that of ops has no suffix."""
        return option if zone == self.ops.settings.time_zone.key else named(option, zone)


def _servers(settings: AlertmanagerSettings) -> tuple[dict[str, Any], dict[str, Any]]:
    """Servers of mail and Telegram as options of a receiver."""
    mail: dict[str, Any] = {}
    if settings.smtp.smarthost:
        mail = {"smarthost": settings.smtp.smarthost, "require_tls": settings.smtp.require_tls}
    if settings.smtp.sender:
        mail["from"] = template_text(settings.smtp.sender)
    if settings.smtp.credentials:
        mail["auth_username"] = settings.smtp.credentials.username
        mail["auth_password"] = settings.smtp.credentials.password.reveal()
    return mail, {"api_url": settings.telegram.api_url} if settings.telegram.api_url else {}
