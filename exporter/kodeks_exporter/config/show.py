"""Writes settings back as the YAML that would give them, secrets masked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from kodeks_exporter.domain.alerting import AlertingSettings, AlertmanagerSettings, PrometheusSettings
from kodeks_exporter.domain.fleet import Credentials, Dealer, Installation, Manager, OnlineAccess, Snmp
from kodeks_exporter.domain.online import OnlinePatterns, OnlineSettings
from kodeks_exporter.domain.reaction import ReactionSettings
from kodeks_exporter.domain.secret import MASK, Secret
from kodeks_exporter.domain.settings import (
    CheckSettings,
    ForwardSettings,
    HistorySettings,
    Patterns,
    PollSettings,
    ReportSettings,
    Settings,
)

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_UNITS = (("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def masked_yaml(settings: Settings) -> str:
    """The effective configuration in the form of kodeks.yml; each secret is shown as ``***``."""
    fleet = settings.fleet
    whole = {
        "managers": [_manager(item) for item in fleet.managers.values()],
        "installations": [_installation(item) for item in fleet.installations.values()],
        "online_accesses": [_online_access(item) for item in fleet.online_accesses.values()],
        "dealers": [_dealer(item) for item in fleet.dealers.values()],
        "poll": _poll(settings.poll),
        "privacy": {"user_labels": settings.user_labels},
        "checks": _checks(settings.checks),
        "links": _without_empty({"docs": settings.links.docs, "grafana": settings.links.grafana}),
        "reports": _reports(settings.reports),
        "history": _history(settings.history),
        "online": _online(settings.online),
        **_alerting(settings.alerting),
        "reaction": _reaction(settings.reaction),
    }
    return str(yaml.dump(whole, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=120))


def duration_text(seconds: float) -> str:
    """5400 as ``1h30m``."""
    rest = round(seconds * 1000)
    text = ""
    for unit, size in _UNITS:
        number, rest = divmod(rest, size)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def size_text(number: int) -> str:
    """67108864 as ``64MiB``; bytes where no unit fits."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number and number % size == 0:
            return f"{number // size}{unit}"
    return str(number)


def _without_empty(section: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value not in ("", None, [], {})}


def _mask(secret: Secret | None) -> str | None:
    return None if secret is None else MASK


def _manager(item: Manager) -> dict[str, Any]:
    hours = item.working_hours
    return _without_empty(
        {
            "name": item.name,
            "email": list(item.email),
            "telegram_chat_id": item.telegram_chat_id,
            "branch": item.branch,
            "working_hours": hours
            and {"start": f"{hours.start:%H:%M}", "end": f"{hours.end:%H:%M}", "days": hours.days},
            "time_zone": item.time_zone.key,
        }
    )


def _credentials(item: Credentials | None) -> dict[str, Any] | None:
    return {"username": item.username, "password": _mask(item.password)} if item else None


def _installation(item: Installation) -> dict[str, Any]:
    return _without_empty(
        {
            "name": item.name,
            "client": item.client,
            "manager": item.manager,
            "mode": item.mode.value,
            "url": item.url,
            "catalogs": list(item.catalogs),
            "addresses": list(item.addresses),
            "hosting": item.hosting,
            "reverse_proxy": item.reverse_proxy,
            "credentials": _credentials(item.credentials),
            "licence_manager": item.licence_manager and str(item.licence_manager),
            "snmp": _snmp(item.snmp),
            "time_zone": item.time_zone.key,
            "supported": item.supported,
            "trial": item.trial,
            "profile": item.profile,
            "tls": _without_empty({"verify": item.tls_verify, "ca_file": item.tls_ca_file}),
            "checks": dict.fromkeys(sorted(item.disabled_checks), False),
        }
    )


def _snmp(item: Snmp | None) -> dict[str, Any] | None:
    if item is None:
        return None
    section = {"address": item.address, "port": item.port, "version": item.version, "community": _mask(item.community)}
    if item.version == "3":
        section |= {
            "username": item.username,
            "auth_protocol": item.auth_protocol,
            "auth_password": _mask(item.auth_password),
            "privacy_protocol": item.privacy_protocol,
            "privacy_password": _mask(item.privacy_password),
        }
    return _without_empty(section) | {"processes": list(item.processes)}


def _online_access(item: OnlineAccess) -> dict[str, Any]:
    return {
        "name": item.name,
        "client": item.client,
        "manager": item.manager,
        "url": item.url,
        "credentials": _credentials(item.credentials),
    }


def _dealer(item: Dealer) -> dict[str, Any]:
    section: dict[str, Any] = {"name": item.name, "token": _mask(item.token)}
    if item.installations is not None:
        section["installations"] = sorted(item.installations)
    return section


def _poll(item: PollSettings) -> dict[str, Any]:
    return {
        "checks": duration_text(item.checks),
        "sysinfo": duration_text(item.sysinfo),
        "online": duration_text(item.online),
        "online_searches": item.online_searches,
        "concurrency": item.concurrency,
    }


def _checks(item: CheckSettings) -> dict[str, Any]:
    limits, paths, planned = item.limits, item.paths, item.planned
    return {
        "timeouts": {
            "dns": duration_text(limits.dns_timeout),
            "icmp": duration_text(limits.icmp_timeout),
            "connect": duration_text(limits.connect_timeout),
            "http": duration_text(limits.http_timeout),
            "snmp": duration_text(limits.snmp_timeout),
        },
        "limits": {
            "icmp_attempts": limits.icmp_attempts,
            "page_size": limits.max_body,
            "redirects": limits.max_redirects,
        },
        "paths": {
            "title": paths.title,
            "licence": paths.licence,
            "preferences": paths.preferences,
            "catalogs": paths.catalogs,
            "sysmon": paths.sysmon,
            "logout": paths.logout,
        },
        "patterns": _patterns(item.patterns),
        "planned_downtime": {
            "before": duration_text(planned.before),
            "restart": duration_text(planned.restart),
            "backup": duration_text(planned.backup),
        },
        "sysmon": {"metrics": list(item.sysmon.metrics), "series": item.sysmon.series},
        "dns": {
            "servers": [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in item.dns_servers]
        },
    }


def _patterns(item: Patterns) -> dict[str, Any]:
    return {
        "states": {state.value: _sources(patterns) for state, patterns in item.states.items()},
        "kodeks_signs": _sources(item.kodeks_signs),
        "out_of_seats": _sources(item.out_of_seats),
        "protection_ok": _sources(item.protection_ok),
        "protection_failed": _sources(item.protection_failed),
        "seats": _sources(item.seats),
        "seats_used": _sources(item.seats_used),
        "restart_field": item.restart_field,
        "backup_field": item.backup_field,
    }


def _sources(patterns: Iterable[re.Pattern[str]]) -> list[str]:
    return [pattern.pattern for pattern in patterns]


def _reports(item: ReportSettings) -> dict[str, Any]:
    return _without_empty(
        {
            "upload_limit": size_text(item.upload_limit),
            "max_uploads": item.max_uploads,
            "ingest_concurrency": item.ingest_concurrency,
            "inbox": item.inbox,
            "inbox_interval": duration_text(item.inbox_interval),
            "download_path": item.download_path,
            "download_limit": size_text(item.download_limit),
            "download_timeout": duration_text(item.download_timeout),
            "download_concurrency": item.download_concurrency,
            "forward": _forward(item.forward),
        }
    )


def _forward(item: ForwardSettings) -> dict[str, Any]:
    section = _without_empty(
        {
            "url": _masked_query(item.url),
            "interval": duration_text(item.interval),
            "intervals": {name: duration_text(seconds) for name, seconds in item.intervals.items()},
            "field_name": item.field_name,
            "fields": dict(item.fields),
            "headers": [{"name": name, "value": _mask(secret)} for name, secret in item.headers.items()],
            "credentials": _credentials(item.credentials),
            "tls": _without_empty({"verify": item.tls_verify, "ca_file": item.tls_ca_file}),
            "timeout": duration_text(item.timeout),
            "results": {result: _sources(patterns) for result, patterns in item.results.items()},
        }
    )
    return section | {"states": {state: _sources(patterns) for state, patterns in item.states.items()}}


def _masked_query(url: str) -> str:
    """Gateways are known to take a token in the query, so none of its values is shown."""
    address, mark, query = url.partition("?")
    if not query:
        return url
    parts = (part.partition("=") for part in query.split("&"))
    return address + mark + "&".join(f"{name}={MASK}" if sign else MASK for name, sign, _ in parts)


def _history(item: HistorySettings) -> dict[str, Any]:
    searches, series, journal = item.searches, item.series, item.journal
    return {
        "retention": duration_text(item.retention),
        "searches": {
            "ok_count": searches.ok_count,
            "ok_age": duration_text(searches.ok_age),
            "unsuccessful_count": searches.unsuccessful_count,
            "unsuccessful_age": duration_text(searches.unsuccessful_age),
            "text": searches.text,
        },
        "series": {
            "users": series.users,
            "sessions": series.sessions,
            "volumes": series.volumes,
            "operup_files": series.operup_files,
            "rejected_users": series.rejected_users,
            "search_kinds": series.search_kinds,
        },
        "journal": {"enabled": journal.enabled, "file_size": size_text(journal.file_size), "files": journal.files},
    }


def _online(item: OnlineSettings) -> dict[str, Any]:
    paths = item.paths
    return {
        "time_zone": item.time_zone.key,
        "paths": {"profile": paths.profile, "history": paths.history, "logout": paths.logout},
        "patterns": _online_patterns(item.patterns),
        "timeouts": {
            "connect": duration_text(item.connect_timeout),
            "request": duration_text(item.request_timeout),
        },
        "limits": {
            "per_server": item.per_server,
            "gap": duration_text(item.gap),
            "page_size": size_text(item.max_page),
        },
        "spread": {"start": duration_text(item.start_spread), "history": duration_text(item.history_spread)},
        "retry": {
            "refused": duration_text(item.refused_pause),
            "refused_longest": duration_text(item.refused_longest),
            "other": duration_text(item.retry_first),
            "other_longest": duration_text(item.retry_longest),
            "server": duration_text(item.server_retry),
            "server_longest": duration_text(item.server_retry_longest),
        },
        "tls": _without_empty({"verify": item.tls_verify, "ca_file": item.tls_ca_file}),
        "history_days": item.history_days,
        "searches": {
            "ok_count": item.ok_events,
            "ok_age": duration_text(item.ok_events_age),
            "unsuccessful_count": item.unsuccessful_events,
            "unsuccessful_age": duration_text(item.unsuccessful_events_age),
            "text": item.text,
        },
        "retention": duration_text(item.retention),
    }


def _online_patterns(item: OnlinePatterns) -> dict[str, Any]:
    return {
        "resources": {resource.value: _sources(patterns) for resource, patterns in item.resources.items()},
        "left": _sources(item.left),
        "limit": _sources(item.limit),
        "used": _sources(item.used),
        "history_time": _sources(item.history_time),
        "history_type": _sources(item.history_type),
        "history_query": _sources(item.history_query),
        "history_found": _sources(item.history_found),
        "history_duration": _sources(item.history_duration),
        "history_empty": _sources(item.history_empty),
        "captcha": _sources(item.captcha),
        "maintenance": _sources(item.maintenance),
        "proxy": _sources(item.proxy),
    }


def _alerting(item: AlertingSettings) -> dict[str, Any]:
    return {
        "alertmanager": _alertmanager(item.alertmanager),
        "prometheus": _prometheus(item.prometheus),
        "thresholds": {name: f"{value:g}" for name, value in sorted(item.thresholds.items())},
        "score": _without_empty(
            {
                "weights": {stage: f"{weight:g}" for stage, weight in sorted(item.score.weights.items())},
                "limits": {
                    figure: {"zero": f"{limit.zero:g}", "full": f"{limit.full:g}"}
                    for figure, limit in sorted(item.score.limits.items())
                },
            }
        ),
    }


def _alertmanager(item: AlertmanagerSettings) -> dict[str, Any]:
    login = item.smtp_credentials
    ops = _manager(item.ops)
    del ops["name"]
    return {
        "smtp": _without_empty(
            {
                "smarthost": item.smarthost,
                "sender": item.smtp_from,
                "require_tls": item.smtp_require_tls,
                "username": login.username if login else "",
                "password": _mask(login.password) if login else None,
            }
        ),
        "telegram": _without_empty({"bot_token": _mask(item.telegram_bot_token), "api_url": item.telegram_api_url}),
        "ops": ops,
        "dead_man": _without_empty({"url": _mask(item.dead_man_url)}),
        "night": {"sound": list(item.sound_at_night)},
        "repeat": {priority: duration_text(seconds) for priority, seconds in item.repeat.items()},
        "inhibit_rules": [
            _without_empty(
                {
                    "source_matchers": list(rule.source_matchers),
                    "target_matchers": list(rule.target_matchers),
                    "equal": list(rule.equal),
                }
            )
            for rule in item.inhibit_rules
        ],
    }


def _prometheus(item: PrometheusSettings) -> dict[str, Any]:
    return _without_empty(
        {
            "exporters": list(item.exporters),
            "sharding": "hashmod" if item.hashmod else "inventory",
            "scheme": item.scheme,
            "credentials": _credentials(item.credentials),
            "tls": _without_empty({"verify": item.tls_verify, "ca_file": item.tls_ca_file}),
            "alertmanagers": list(item.alertmanagers),
        }
    )


def _reaction(item: ReactionSettings) -> dict[str, Any]:
    if not item.alertmanagers:
        return {}
    return _without_empty(
        {
            "alertmanagers": list(item.alertmanagers),
            "credentials": _credentials(item.credentials),
            "tls": _without_empty({"verify": item.tls_verify, "ca_file": item.tls_ca_file}),
            "interval": duration_text(item.interval),
            "link": item.link,
            "key": _mask(item.key),
            "link_lifetime": duration_text(item.link_lifetime),
            "silence_choices": [duration_text(seconds) for seconds in item.silence_choices],
        }
    )
