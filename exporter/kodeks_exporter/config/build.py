"""Turns a checked document into the domain's settings: defaults put in, references resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from kodeks_exporter.config import schema
from kodeks_exporter.domain.alerting import (
    PRIORITIES,
    AlertingSettings,
    AlertmanagerSettings,
    InhibitRule,
    PrometheusSettings,
)
from kodeks_exporter.domain.check import InstallationState
from kodeks_exporter.domain.fleet import (
    UTC,
    Credentials,
    Dealer,
    Fleet,
    Installation,
    Manager,
    OnlineAccess,
    Snmp,
    WorkingHours,
)
from kodeks_exporter.domain.online import OnlinePaths, OnlinePatterns, OnlineSettings
from kodeks_exporter.domain.reaction import ReactionSettings
from kodeks_exporter.domain.score import LIMITS, Limit, ScoreSettings
from kodeks_exporter.domain.settings import (
    CheckSettings,
    ForwardSettings,
    HistorySettings,
    JournalSettings,
    Limits,
    Links,
    Paths,
    Patterns,
    PlannedDowntime,
    PollSettings,
    ReportSettings,
    SearchEventSettings,
    SeriesLimits,
    Settings,
    SysmonSettings,
)


def settings(document: schema.Document, source: Path) -> Settings:
    return Settings(
        fleet=_fleet(document),
        poll=_poll(document.poll),
        checks=_checks(document.checks),
        links=Links(docs=document.links.docs, grafana=document.links.grafana),
        reports=_reports(document.reports),
        history=_history(document.history),
        online=_online(document.online),
        alerting=AlertingSettings(
            alertmanager=_alertmanager(document.alertmanager),
            prometheus=_prometheus(document.prometheus),
            thresholds=MappingProxyType(dict(document.thresholds)),
            score=_score(document.score),
        ),
        reaction=_reaction(document.reaction),
        user_labels=document.privacy.user_labels,
        source=source,
    )


def _score(item: schema.Score) -> ScoreSettings:
    limits = {}
    for name, given in item.limits.items():
        usual = LIMITS[name]
        limits[name] = Limit(
            usual.zero if given.zero is None else given.zero, usual.full if given.full is None else given.full
        )
    return ScoreSettings(MappingProxyType(dict(item.weights)), MappingProxyType(limits))


def _fleet(document: schema.Document) -> Fleet:
    managers = {item.name: _manager(item) for item in document.managers}
    branch = {item.name: item.branch for item in document.managers}
    processes = document.checks.processes
    return Fleet(
        managers=MappingProxyType(managers),
        installations=MappingProxyType(
            {item.name: _installation(item, branch[item.manager], processes) for item in document.installations}
        ),
        online_accesses=MappingProxyType(
            {item.name: _online_access(item, branch[item.manager]) for item in document.online_accesses}
        ),
        dealers=MappingProxyType({item.name: _dealer(item) for item in document.dealers}),
    )


def _manager(item: schema.Manager) -> Manager:
    hours = item.working_hours
    return Manager(
        name=item.name,
        email=item.email,
        telegram_chat_id=item.telegram_chat_id,
        branch=item.branch,
        working_hours=WorkingHours(hours.start, hours.end, hours.days) if hours else None,
        time_zone=(hours and hours.time_zone) or item.time_zone or UTC,
    )


def _installation(item: schema.Installation, branch: str, processes: tuple[str, ...] | None) -> Installation:
    return Installation(
        name=item.name,
        client=item.client,
        manager=item.manager,
        mode=item.mode,
        url=item.url,
        branch=branch,
        catalogs=item.catalogs,
        addresses=item.addresses,
        hosting=item.hosting,
        reverse_proxy=item.reverse_proxy,
        credentials=_credentials(item.credentials) if item.credentials else None,
        licence_manager=item.licence_manager,
        snmp=_snmp(item.snmp, processes) if item.snmp else None,
        time_zone=item.time_zone or UTC,
        supported=item.supported,
        trial=item.trial,
        profile=item.profile,
        tls_verify=item.tls.verify,
        tls_ca_file=item.tls.ca_file,
        disabled_checks=frozenset(check for check, on in item.checks.items() if not on),
    )


def _credentials(item: schema.Credentials) -> Credentials:
    return Credentials(item.username, item.password)


def _snmp(item: schema.Snmp, processes: tuple[str, ...] | None) -> Snmp:
    built = Snmp(
        address=item.address,
        port=item.port,
        version=item.version,
        community=item.community,
        username=item.username,
        auth_protocol=item.auth_protocol,
        auth_password=item.auth_password,
        privacy_protocol=item.privacy_protocol,
        privacy_password=item.privacy_password,
    )
    own = processes if item.processes is None else item.processes
    return built if own is None else replace(built, processes=own)


def _online_access(item: schema.OnlineAccess, branch: str) -> OnlineAccess:
    return OnlineAccess(item.name, item.client, item.manager, item.url, _credentials(item.credentials), branch)


def _dealer(item: schema.Dealer) -> Dealer:
    return Dealer(item.name, item.token, None if item.installations is None else frozenset(item.installations))


def _poll(item: schema.Poll) -> PollSettings:
    return PollSettings(
        checks=item.checks,
        sysinfo=item.sysinfo,
        online=item.online,
        online_searches=item.online_searches.strftime("%H:%M"),
        concurrency=item.concurrency,
    )


def _checks(item: schema.Checks) -> CheckSettings:
    times, limits, paths, downtime = item.timeouts, item.limits, item.paths, item.planned_downtime
    return CheckSettings(
        paths=Paths(**paths.model_dump()),
        patterns=_patterns(item.patterns),
        limits=Limits(
            dns_timeout=times.dns,
            icmp_timeout=times.icmp,
            icmp_attempts=limits.icmp_attempts,
            connect_timeout=times.connect,
            http_timeout=times.http,
            snmp_timeout=times.snmp,
            max_body=int(limits.page_size),
            max_redirects=limits.redirects,
        ),
        planned=PlannedDowntime(downtime.before, downtime.restart, downtime.backup),
        sysmon=SysmonSettings(item.sysmon.metrics, item.sysmon.series),
        dns_servers=tuple((server.host, server.port) for server in item.dns.servers),
    )


def _pick(
    given: tuple[re.Pattern[str], ...] | None, otherwise: tuple[re.Pattern[str], ...]
) -> tuple[re.Pattern[str], ...]:
    return otherwise if given is None else given


def _patterns(item: schema.CheckPatterns) -> Patterns:
    """What is given replaces the default of the same name, state by state."""
    default = Patterns()
    states: Mapping[InstallationState, tuple[re.Pattern[str], ...]] = {
        state: _pick(getattr(item.states, state.value), patterns) for state, patterns in default.states.items()
    }
    return Patterns(
        states=MappingProxyType(dict(states)),
        kodeks_signs=_pick(item.kodeks_signs, default.kodeks_signs),
        out_of_seats=_pick(item.out_of_seats, default.out_of_seats),
        protection_ok=_pick(item.protection_ok, default.protection_ok),
        protection_failed=_pick(item.protection_failed, default.protection_failed),
        seats=_pick(item.seats, default.seats),
        seats_used=_pick(item.seats_used, default.seats_used),
        restart_field=item.restart_field or default.restart_field,
        backup_field=item.backup_field or default.backup_field,
    )


def _reports(item: schema.Reports) -> ReportSettings:
    return ReportSettings(
        upload_limit=item.upload_limit,
        max_uploads=item.max_uploads,
        ingest_concurrency=item.ingest_concurrency,
        inbox=item.inbox,
        inbox_interval=item.inbox_interval,
        download_path=item.download_path,
        download_limit=item.download_limit,
        download_timeout=item.download_timeout,
        download_concurrency=item.download_concurrency,
        forward=_forward(item.forward),
    )


def _forward(item: schema.Forward) -> ForwardSettings:
    """Results, like the patterns of checks, are replaced one by one; states have names of the operator's own."""
    default = ForwardSettings()
    results = {result: _pick(getattr(item.results, result), patterns) for result, patterns in default.results.items()}
    return ForwardSettings(
        url=item.url,
        interval=item.interval,
        intervals=MappingProxyType(dict(item.intervals)),
        field_name=item.field_name,
        fields=MappingProxyType(dict(item.fields)),
        headers=MappingProxyType({header.name: header.value for header in item.headers}),
        credentials=_credentials(item.credentials) if item.credentials else None,
        tls_verify=item.tls.verify,
        tls_ca_file=item.tls.ca_file,
        timeout=item.timeout,
        results=MappingProxyType(results),
        states=default.states if item.states is None else MappingProxyType(dict(item.states)),
    )


def _history(item: schema.History) -> HistorySettings:
    searches, series, journal = item.searches, item.series, item.journal
    return HistorySettings(
        searches=SearchEventSettings(
            ok_count=searches.ok_count,
            ok_age=searches.ok_age,
            unsuccessful_count=searches.unsuccessful_count,
            unsuccessful_age=searches.unsuccessful_age,
            text=searches.text,
        ),
        series=SeriesLimits(
            users=series.users,
            sessions=series.sessions,
            volumes=series.volumes,
            operup_files=series.operup_files,
            rejected_users=series.rejected_users,
            search_kinds=series.search_kinds,
        ),
        journal=JournalSettings(enabled=journal.enabled, file_size=journal.file_size, files=journal.files),
        retention=item.retention,
    )


def _online(item: schema.Online) -> OnlineSettings:
    paths, limits, spread, retry, searches = item.paths, item.limits, item.spread, item.retry, item.searches
    return OnlineSettings(
        time_zone=item.time_zone,
        paths=OnlinePaths(profile=paths.profile, history=paths.history, logout=paths.logout),
        patterns=_online_patterns(item.patterns),
        per_server=limits.per_server,
        gap=limits.gap,
        start_spread=spread.start,
        history_spread=spread.history,
        history_days=item.history_days,
        connect_timeout=item.timeouts.connect,
        request_timeout=item.timeouts.request,
        max_page=limits.page_size,
        refused_pause=retry.refused,
        refused_longest=retry.refused_longest,
        retry_first=retry.other,
        retry_longest=retry.other_longest,
        server_retry=retry.server,
        server_retry_longest=retry.server_longest,
        tls_verify=item.tls.verify,
        tls_ca_file=item.tls.ca_file,
        ok_events=searches.ok_count,
        ok_events_age=searches.ok_age,
        unsuccessful_events=searches.unsuccessful_count,
        unsuccessful_events_age=searches.unsuccessful_age,
        text=searches.text,
        retention=item.retention,
    )


def _online_patterns(item: schema.OnlinePatterns) -> OnlinePatterns:
    """What is given replaces the default of the same name, resource by resource."""
    default = OnlinePatterns()
    resources = {
        resource: _pick(getattr(item.resources, resource.value), patterns)
        for resource, patterns in default.resources.items()
    }
    return OnlinePatterns(
        resources=MappingProxyType(resources),
        left=_pick(item.left, default.left),
        limit=_pick(item.limit, default.limit),
        used=_pick(item.used, default.used),
        history_time=_pick(item.history_time, default.history_time),
        history_type=_pick(item.history_type, default.history_type),
        history_query=_pick(item.history_query, default.history_query),
        history_found=_pick(item.history_found, default.history_found),
        history_duration=_pick(item.history_duration, default.history_duration),
        history_empty=_pick(item.history_empty, default.history_empty),
        captcha=_pick(item.captcha, default.captcha),
        maintenance=_pick(item.maintenance, default.maintenance),
        proxy=_pick(item.proxy, default.proxy),
    )


def _alertmanager(item: schema.Alertmanager) -> AlertmanagerSettings:
    smtp, ops = item.smtp, item.ops
    hours = ops.working_hours
    return AlertmanagerSettings(
        smarthost=smtp.smarthost,
        smtp_from=smtp.sender,
        smtp_require_tls=smtp.require_tls,
        smtp_credentials=Credentials(smtp.username, smtp.password) if smtp.password else None,
        telegram_bot_token=item.telegram.bot_token,
        telegram_api_url=item.telegram.api_url,
        ops=Manager(
            name="ops",
            email=ops.email,
            telegram_chat_id=ops.telegram_chat_id,
            working_hours=WorkingHours(hours.start, hours.end, hours.days) if hours else None,
            time_zone=(hours and hours.time_zone) or ops.time_zone or UTC,
        ),
        dead_man_url=item.dead_man.url,
        sound_at_night=item.night.sound,
        repeat=MappingProxyType({priority: getattr(item.repeat, priority) for priority in PRIORITIES}),
        inhibit_rules=tuple(
            InhibitRule(rule.source_matchers, rule.target_matchers, rule.equal) for rule in item.inhibit_rules
        ),
    )


def _reaction(item: schema.Reaction) -> ReactionSettings:
    return ReactionSettings(
        alertmanagers=item.alertmanagers,
        credentials=_credentials(item.credentials) if item.credentials else None,
        tls_verify=item.tls.verify,
        tls_ca_file=item.tls.ca_file,
        interval=item.interval,
        link=item.link,
        key=item.key,
        link_lifetime=item.link_lifetime,
        silence_choices=tuple(sorted(item.silence_choices)),
    )


def _prometheus(item: schema.Prometheus) -> PrometheusSettings:
    return PrometheusSettings(
        exporters=item.exporters,
        hashmod=item.sharding == "hashmod",
        scheme=item.scheme,
        credentials=_credentials(item.credentials) if item.credentials else None,
        tls_verify=item.tls.verify,
        tls_ca_file=item.tls.ca_file,
        alertmanagers=item.alertmanagers,
    )
