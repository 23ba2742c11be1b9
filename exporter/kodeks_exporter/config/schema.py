"""The shape of kodeks.yml, one model a section. Rules that join several keys or entries stand in ``rules``."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationInfo,
    model_validator,
)

from kodeks_exporter.config import secrets, values
from kodeks_exporter.config.problems import did_you_mean
from kodeks_exporter.domain.alerting import THRESHOLDS, AlertmanagerSettings, PrometheusSettings
from kodeks_exporter.domain.fleet import Endpoint, Mode
from kodeks_exporter.domain.online import OnlinePaths, OnlineSettings
from kodeks_exporter.domain.reaction import ReactionSettings
from kodeks_exporter.domain.score import LIMITS, WEIGHTS
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.domain.settings import (
    ForwardSettings,
    HistorySettings,
    Limits,
    Paths,
    PlannedDowntime,
    PollSettings,
    ReportSettings,
    SysmonSettings,
)

CHECKS: Final = (
    "dns", "icmp", "tcp", "tls", "http", "proxy", "maintenance", "key", "page", "seats", "auth", "catalog",
    "licman_icmp", "licman_tcp", "snmp", "schedule", "sysmon",
)  # fmt: skip
"""Checks that an installation may switch off."""
LICENCE_MANAGER_PORT: Final = 8888
SHORTEST_ROUND: Final = 5.0
"""Seconds between two rounds of checks of one installation; less would load the monitored system."""
SHORTEST_REPEAT: Final = 300.0
"""Seconds between two messages of the same."""
SNMP3_SHORTEST_PASSWORD: Final = 8
"""Characters; RFC 3414, 11.2."""
_P = PollSettings()
_L = Limits()
_D = PlannedDowntime()
_PATHS = Paths()
_A = AlertmanagerSettings()
_PROMETHEUS = PrometheusSettings()
_R = ReportSettings()
_F = ForwardSettings()
_H = HistorySettings()
_O = OnlineSettings()
_ONLINE_PATHS = OnlinePaths()
_REACTION = ReactionSettings()
SHORTEST_FORWARD: Final = 900.0
"""Seconds between two sendings of an installation's report; it is not looked oftener whether one is due."""


def as_text(parse: Callable[[str], Any]) -> BeforeValidator:
    """A value that is text in the file and is parsed by ``parse``."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("must be a single value, not a list or a mapping" if value is not None else "is empty")
        return parse(value)

    return BeforeValidator(validate)


def _positive(text: str) -> float:
    seconds = values.duration(text)
    if not 0 < seconds <= 366 * 86400:
        raise ValueError("must be longer than zero and not over a year")
    return seconds


def _round_interval(text: str) -> float:
    seconds = _positive(text)
    if seconds < SHORTEST_ROUND:
        raise ValueError(f"must be at least {SHORTEST_ROUND:g}s, so as not to load the monitored servers")
    return seconds


def _between(lowest: str, highest: str) -> BeforeValidator:
    """A duration within bounds, which are durations themselves."""

    def parse(text: str) -> float:
        seconds = values.duration(text)
        if not values.duration(lowest) <= seconds <= values.duration(highest):
            raise ValueError(f"must be from {lowest} to {highest}")
        return seconds

    return as_text(parse)


def _size(lowest: str, highest: str) -> BeforeValidator:
    """A size in bytes within bounds, which are sizes themselves."""

    def parse(text: str) -> int:
        number = values.size(text)
        if not values.size(lowest) <= number <= values.size(highest):
            raise ValueError(f"must be from {lowest} to {highest}")
        return number

    return as_text(parse)


def _forward_interval(text: str) -> float:
    seconds = 0.0 if text == "0" else values.duration(text)
    if seconds and not SHORTEST_FORWARD <= seconds <= 366 * 86400:
        raise ValueError(f"must be 0 (never), or from {SHORTEST_FORWARD // 60:g}m to a year")
    return seconds


def _form_value(text: str) -> str:
    return values.label(text) if text else ""


def _header_value(secret: Secret) -> Secret:
    if re.fullmatch(r"[!-~]([ -~]*[!-~])?", secret.reveal()) is None:
        raise ValueError("the value of a header must be of ASCII characters, without spaces at its beginning or end")
    return secret


def _check_name(text: str) -> str:
    if text not in CHECKS:
        raise ValueError(f"unknown check; {did_you_mean(text, CHECKS)}")
    return text


def _repeat_interval(text: str) -> float:
    seconds = _positive(text)
    if seconds < SHORTEST_REPEAT:
        raise ValueError(f"must be at least {SHORTEST_REPEAT // 60:g}m, so as not to flood people")
    return seconds


def _threshold_name(text: str) -> str:
    if text not in THRESHOLDS:
        raise ValueError(f"unknown threshold; {did_you_mean(text, THRESHOLDS)}")
    return text


def _stage_name(text: str) -> str:
    if text not in WEIGHTS:
        raise ValueError(f"unknown stage; {did_you_mean(text, WEIGHTS)}")
    return text


def _figure_name(text: str) -> str:
    if text not in LIMITS:
        raise ValueError(f"unknown figure; {did_you_mean(text, LIMITS)}")
    return text


def _exporter(text: str) -> str:
    return str(values.endpoint(text, 9877))


def _alertmanager(text: str) -> str:
    return str(values.endpoint(text, 9093))


def _smarthost(text: str) -> str:
    return str(values.endpoint(text, 25))


def _alert_name(text: str) -> str:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) is None:
        raise ValueError("must be the name of an alert, such as KodeksHostingOutage")
    return text


def _secret_url(secret: Secret) -> Secret:
    if re.fullmatch(r"https?://[^\s\x00-\x20]+", secret.reveal()) is None:
        raise ValueError("must begin with http:// or https:// and hold no spaces")
    return secret


def _signing_key(secret: Secret) -> Secret:
    if re.fullmatch(r"[A-Za-z0-9_.+/=-]{16,}", secret.reveal()) is None:
        raise ValueError("must have at least 16 characters, only A-Z a-z 0-9 _ . + / = -; try openssl rand -hex 32")
    return secret


def _dns_server(text: str) -> Endpoint:
    server = values.endpoint(text, 53)
    return Endpoint(values.address(server.host), server.port)


def _optional_path(text: str) -> str:
    return values.path(text) if text else ""


def _history_path(text: str) -> str:
    if text and "{date}" not in text:
        raise ValueError('must have {date} where the day stands, such as "/history?date={date}"')
    return _optional_path(text)


def _secret(value: Any, info: ValidationInfo) -> Secret:
    surroundings = info.context
    assert isinstance(surroundings, secrets.Surroundings)
    if isinstance(value, _Folded):
        if value.inline is not None:
            raise ValueError(f"is given twice, with {info.field_name}_file; keep one of them")
        if not isinstance(value.file, str):
            raise ValueError("must be a file's path")
        return secrets.from_file(value.file, surroundings)
    if not isinstance(value, str):
        raise ValueError("must be a single value")
    return secrets.from_text(value, surroundings)


def _snmp3_password(secret: Secret) -> Secret:
    if len(secret.reveal()) < SNMP3_SHORTEST_PASSWORD:
        raise ValueError(f"SNMP 3 needs at least {SNMP3_SHORTEST_PASSWORD} characters")
    return secret


def _file(value: Any, info: ValidationInfo) -> str:
    surroundings = info.context
    assert isinstance(surroundings, secrets.Surroundings)
    if not isinstance(value, str):
        raise ValueError("must be a file's path")
    return str(secrets.readable_file(value, surroundings))


def _folder(value: Any, info: ValidationInfo) -> str:
    surroundings = info.context
    assert isinstance(surroundings, secrets.Surroundings)
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("must be a folder's path")
    return str(secrets.usable_folder(value, surroundings)) if value else ""


def _many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


T = TypeVar("T")
Many = Annotated[tuple[T, ...], BeforeValidator(_many)]
"""A list; where it has one item, that item alone may be written."""
SecretText = Annotated[InstanceOf[Secret], BeforeValidator(_secret)]
Snmp3Password = Annotated[SecretText, AfterValidator(_snmp3_password)]
SecretUrl = Annotated[SecretText, AfterValidator(_secret_url)]
SigningKey = Annotated[SecretText, AfterValidator(_signing_key)]
HeaderValue = Annotated[SecretText, AfterValidator(_header_value)]
File = Annotated[str, BeforeValidator(_file)]
Folder = Annotated[str, BeforeValidator(_folder)]
"""It need not exist yet."""
Label = Annotated[str, as_text(values.label)]
Name = Annotated[str, as_text(values.name)]
Email = Annotated[str, as_text(values.email)]
Host = Annotated[str, as_text(values.host)]
Address = Annotated[str, as_text(values.address)]
Url = Annotated[str, as_text(values.url)]
SiteUrl = Annotated[str, as_text(values.site_url)]
Path = Annotated[str, as_text(values.path)]
HistoryPath = Annotated[str, as_text(_history_path)]
FormUrl = Annotated[str, as_text(values.form_url)]
HeaderName = Annotated[str, as_text(values.header_name)]
FormValue = Annotated[str, as_text(_form_value)]
OptionalPath = Annotated[str, as_text(_optional_path)]
Port = Annotated[int, as_text(values.port)]
LicenceManager = Annotated[InstanceOf[Endpoint], as_text(lambda text: values.endpoint(text, LICENCE_MANAGER_PORT))]
DnsServer = Annotated[InstanceOf[Endpoint], as_text(_dns_server)]
Zone = Annotated[InstanceOf[ZoneInfo], as_text(values.zone)]
DayTime = Annotated[time, as_text(values.day_time)]
Days = Annotated[str, as_text(values.weekdays)]
Duration = Annotated[float, as_text(_positive)]
Margin = Annotated[float, as_text(values.duration)]
RoundInterval = Annotated[float, as_text(_round_interval)]
CheckName = Annotated[str, as_text(_check_name)]
ThresholdName = Annotated[str, as_text(_threshold_name)]
ThresholdValue = Annotated[float, as_text(values.amount)]
StageName = Annotated[str, as_text(_stage_name)]
FigureName = Annotated[str, as_text(_figure_name)]
Weight = Annotated[float, as_text(values.weight)]
LimitValue = Annotated[float, as_text(values.limit)]
ChatId = Annotated[int, Field(ge=-(2**63), lt=2**63)]
RepeatInterval = Annotated[float, as_text(_repeat_interval)]
ForwardInterval = Annotated[float, as_text(_forward_interval)]
ReportSize = Annotated[int, _size("64KiB", "4GiB")]
SeriesCount = Annotated[int, Field(ge=0, le=100_000)]
Exporter = Annotated[str, as_text(_exporter)]
AlertmanagerAddress = Annotated[str, as_text(_alertmanager)]
Smarthost = Annotated[str, as_text(_smarthost)]
AlertName = Annotated[str, as_text(_alert_name)]
SeriesName = Annotated[str, as_text(values.series_name)]
Pattern = Annotated[InstanceOf[re.Pattern[str]], as_text(values.pattern)]
NumberPattern = Annotated[InstanceOf[re.Pattern[str]], as_text(values.number_pattern)]


class _Folded:
    """A secret's ``X_file`` on its way to the validator of ``X``; ``inline`` is not None when both are given."""

    def __init__(self, file: Any, inline: Any) -> None:
        self.file, self.inline = file, inline


class Section(BaseModel):
    """A mapping of the file: unknown keys are errors, and a key without a value counts as not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    SECRETS: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, data: Any) -> Any:
        if data is None:
            return {}
        if not isinstance(data, dict):
            raise ValueError("must be a mapping of keys")
        keys = cls.known_keys()
        given = {key: value for key, value in data.items() if value is not None or key not in keys}
        for key in cls.SECRETS:
            if f"{key}_file" in given:
                given[key] = _Folded(given.pop(f"{key}_file"), given.get(key))
        return given

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        return (*cls.model_fields, *(f"{key}_file" for key in cls.SECRETS))


class WorkingHours(Section):
    start: DayTime
    end: DayTime
    days: Days = "monday:friday"
    time_zone: Zone | None = None


class Manager(Section):
    name: Label
    email: Many[Email] = ()
    telegram_chat_id: ChatId | None = None
    branch: Label = ""
    working_hours: WorkingHours | None = None
    time_zone: Zone | None = None


class Credentials(Section):
    SECRETS = ("password",)
    username: Label
    password: SecretText


class Snmp(Section):
    SECRETS = ("community", "auth_password", "privacy_password")
    address: Host
    port: Port = 161
    version: Literal["2c", "3"] = "2c"
    community: SecretText | None = None
    username: Label = ""
    auth_protocol: Literal["MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"] = "SHA"
    auth_password: Snmp3Password | None = None
    privacy_protocol: Literal["DES", "3DES", "AES", "AES192", "AES256"] = "AES"
    privacy_password: Snmp3Password | None = None
    processes: Many[Label] | None = None


class Tls(Section):
    verify: bool = True
    ca_file: File = ""


class Installation(Section):
    name: Name
    client: Label
    manager: Label
    mode: Mode = Mode.PULL
    url: SiteUrl = ""
    catalogs: Annotated[Many[Path], Field(min_length=1)] = ("/docs",)
    addresses: Many[Address] = ()
    hosting: Label = ""
    reverse_proxy: bool = False
    credentials: Credentials | None = None
    licence_manager: LicenceManager | None = None
    snmp: Snmp | None = None
    time_zone: Zone | None = None
    supported: bool = True
    trial: bool = False
    profile: Label = "default"
    tls: Tls = Tls()
    checks: dict[CheckName, bool] = Field(default_factory=dict)


class OnlineAccess(Section):
    name: Name
    client: Label
    manager: Label
    url: Url
    credentials: Credentials


class Dealer(Section):
    SECRETS = ("token",)
    name: Name
    token: SecretText
    installations: Many[Name] | None = None


class Poll(Section):
    checks: RoundInterval = _P.checks
    sysinfo: Duration = _P.sysinfo
    online: Duration = _P.online
    online_searches: DayTime = values.day_time(_P.online_searches)
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = _P.concurrency


class Privacy(Section):
    user_labels: Literal["plain", "hashed", "off"] = "plain"


class Links(Section):
    docs: Url = ""
    grafana: Url = ""


class CheckTimeouts(Section):
    dns: Duration = _L.dns_timeout
    icmp: Duration = _L.icmp_timeout
    connect: Duration = _L.connect_timeout
    http: Duration = _L.http_timeout
    snmp: Duration = _L.snmp_timeout


class CheckLimits(Section):
    icmp_attempts: Annotated[int, Field(ge=1, le=20)] = _L.icmp_attempts
    page_size: Annotated[ByteSize, Field(ge=1024, le=100 * 2**20)] = ByteSize(_L.max_body)
    redirects: Annotated[int, Field(ge=0, le=30)] = _L.max_redirects


class CheckPaths(Section):
    title: OptionalPath = _PATHS.title
    licence: OptionalPath = _PATHS.licence
    preferences: OptionalPath = _PATHS.preferences
    catalogs: OptionalPath = _PATHS.catalogs
    sysmon: OptionalPath = _PATHS.sysmon
    logout: OptionalPath = _PATHS.logout


class StatePatterns(Section):
    maintenance: Many[Pattern] | None = None
    needs_service: Many[Pattern] | None = None
    key_missing: Many[Pattern] | None = None
    out_of_seats: Many[Pattern] | None = None
    not_started: Many[Pattern] | None = None
    server_error: Many[Pattern] | None = None
    warning: Many[Pattern] | None = None


class CheckPatterns(Section):
    states: StatePatterns = StatePatterns()
    kodeks_signs: Many[Pattern] | None = None
    out_of_seats: Many[Pattern] | None = None
    protection_ok: Many[Pattern] | None = None
    protection_failed: Many[Pattern] | None = None
    seats: Many[NumberPattern] | None = None
    seats_used: Many[NumberPattern] | None = None
    restart_field: Label | None = None
    backup_field: Label | None = None


class Downtime(Section):
    before: Margin = _D.before
    restart: Margin = _D.restart
    backup: Margin = _D.backup


class Dns(Section):
    servers: Many[DnsServer] = ()


class Sysmon(Section):
    metrics: Many[SeriesName] = ()
    series: Annotated[int, Field(ge=1, le=10_000)] = SysmonSettings().series


class Checks(Section):
    timeouts: CheckTimeouts = CheckTimeouts()
    limits: CheckLimits = CheckLimits()
    paths: CheckPaths = CheckPaths()
    patterns: CheckPatterns = CheckPatterns()
    planned_downtime: Downtime = Downtime()
    processes: Many[Label] | None = None
    sysmon: Sysmon = Sysmon()
    dns: Dns = Dns()


class Smtp(Section):
    SECRETS = ("password",)
    smarthost: Smarthost = ""
    sender: Email = ""
    require_tls: bool = _A.smtp_require_tls
    username: Label = ""
    password: SecretText | None = None


class Telegram(Section):
    SECRETS = ("bot_token",)
    bot_token: SecretText | None = None
    api_url: Url = ""


class Ops(Section):
    email: Many[Email] = ()
    telegram_chat_id: ChatId | None = None
    working_hours: WorkingHours | None = None
    time_zone: Zone | None = None


class DeadMan(Section):
    SECRETS = ("url",)
    url: SecretUrl | None = None


class Night(Section):
    sound: Many[AlertName] = ()


class Repeat(Section):
    K1: RepeatInterval = _A.repeat["K1"]
    K2: RepeatInterval = _A.repeat["K2"]
    K3: RepeatInterval = _A.repeat["K3"]
    K4: RepeatInterval = _A.repeat["K4"]
    K5: RepeatInterval = _A.repeat["K5"]


class InhibitRule(Section):
    source_matchers: Annotated[Many[Label], Field(min_length=1)]
    target_matchers: Annotated[Many[Label], Field(min_length=1)]
    equal: Many[Label] = ()


class Alertmanager(Section):
    smtp: Smtp = Smtp()
    telegram: Telegram = Telegram()
    ops: Ops = Ops()
    dead_man: DeadMan = DeadMan()
    night: Night = Night()
    repeat: Repeat = Repeat()
    inhibit_rules: tuple[InhibitRule, ...] = ()


class Prometheus(Section):
    exporters: Annotated[Many[Exporter], Field(min_length=1)] = _PROMETHEUS.exporters
    sharding: Literal["inventory", "hashmod"] = "inventory"
    scheme: Literal["http", "https"] = "http"
    credentials: Credentials | None = None
    tls: Tls = Tls()
    alertmanagers: Many[AlertmanagerAddress] = _PROMETHEUS.alertmanagers


class ForwardHeader(Section):
    SECRETS = ("value",)
    name: HeaderName
    value: HeaderValue


class ForwardResults(Section):
    error: Many[Pattern] | None = None
    warning: Many[Pattern] | None = None
    ok: Many[Pattern] | None = None


class Forward(Section):
    url: FormUrl = ""
    interval: ForwardInterval = _F.interval
    intervals: dict[str, ForwardInterval] = Field(default_factory=dict)
    field_name: Label = _F.field_name
    fields: dict[Label, FormValue] = Field(default_factory=dict)
    headers: tuple[ForwardHeader, ...] = ()
    credentials: Credentials | None = None
    tls: Tls = Tls()
    timeout: Annotated[float, _between("1s", "1d")] = _F.timeout
    results: ForwardResults = ForwardResults()
    states: dict[Label, Many[Pattern]] | None = None


class Reports(Section):
    upload_limit: ReportSize = _R.upload_limit
    max_uploads: Annotated[int, Field(ge=1, le=1000)] = _R.max_uploads
    ingest_concurrency: Annotated[int, Field(ge=1, le=64)] = _R.ingest_concurrency
    inbox: Folder = _R.inbox
    inbox_interval: Annotated[float, _between("1s", "1h")] = _R.inbox_interval
    download_path: Path = _R.download_path
    download_limit: ReportSize = _R.download_limit
    download_timeout: Annotated[float, _between("1s", "1d")] = _R.download_timeout
    download_concurrency: Annotated[int, Field(ge=1, le=100)] = _R.download_concurrency
    forward: Forward = Forward()


class SearchSeries(Section):
    ok_count: SeriesCount = _H.searches.ok_count
    ok_age: Duration = _H.searches.ok_age
    unsuccessful_count: SeriesCount = _H.searches.unsuccessful_count
    unsuccessful_age: Duration = _H.searches.unsuccessful_age
    text: Annotated[int, Field(ge=1, le=2000)] = _H.searches.text


class SeriesCounts(Section):
    users: SeriesCount = _H.series.users
    sessions: SeriesCount = _H.series.sessions
    volumes: SeriesCount = _H.series.volumes
    operup_files: SeriesCount = _H.series.operup_files
    rejected_users: SeriesCount = _H.series.rejected_users
    search_kinds: SeriesCount = _H.series.search_kinds


class Journal(Section):
    enabled: bool = _H.journal.enabled
    file_size: Annotated[int, _size("64KiB", "4GiB")] = _H.journal.file_size
    files: Annotated[int, Field(ge=2, le=10_000)] = _H.journal.files


class History(Section):
    retention: Annotated[float, _between("31d", "10y")] = _H.retention
    searches: SearchSeries = SearchSeries()
    series: SeriesCounts = SeriesCounts()
    journal: Journal = Journal()


class OnlinePages(Section):
    profile: Path = _ONLINE_PATHS.profile
    history: HistoryPath = _ONLINE_PATHS.history
    logout: OptionalPath = _ONLINE_PATHS.logout


class OnlineTimeouts(Section):
    connect: Annotated[float, _between("100ms", "1m")] = _O.connect_timeout
    request: Annotated[float, _between("100ms", "10m")] = _O.request_timeout


class OnlineLimits(Section):
    per_server: Annotated[int, Field(ge=1, le=20)] = _O.per_server
    gap: Annotated[float, _between("0s", "1h")] = _O.gap
    page_size: Annotated[int, _size("1KiB", "16MiB")] = _O.max_page


class OnlineSpread(Section):
    start: Annotated[float, _between("0s", "1d")] = _O.start_spread
    history: Annotated[float, _between("0s", "20h")] = _O.history_spread


class OnlineRetry(Section):
    refused: Annotated[float, _between("30m", "7d")] = _O.refused_pause
    refused_longest: Annotated[float, _between("30m", "31d")] = _O.refused_longest
    other: Annotated[float, _between("10s", "1d")] = _O.retry_first
    other_longest: Annotated[float, _between("10s", "7d")] = _O.retry_longest
    server: Annotated[float, _between("10s", "1d")] = _O.server_retry
    server_longest: Annotated[float, _between("10s", "1d")] = _O.server_retry_longest


class OnlineSearchSeries(Section):
    ok_count: SeriesCount = _O.ok_events
    ok_age: Duration = _O.ok_events_age
    unsuccessful_count: SeriesCount = _O.unsuccessful_events
    unsuccessful_age: Duration = _O.unsuccessful_events_age
    text: Annotated[int, Field(ge=1, le=2000)] = _O.text


class ResourcePatterns(Section):
    documents: Many[Pattern] | None = None
    searches: Many[Pattern] | None = None
    prints: Many[Pattern] | None = None
    uploads: Many[Pattern] | None = None


class OnlinePatterns(Section):
    resources: ResourcePatterns = ResourcePatterns()
    left: Many[Pattern] | None = None
    limit: Many[Pattern] | None = None
    used: Many[Pattern] | None = None
    history_time: Many[Pattern] | None = None
    history_type: Many[Pattern] | None = None
    history_query: Many[Pattern] | None = None
    history_found: Many[Pattern] | None = None
    history_duration: Many[Pattern] | None = None
    history_empty: Many[Pattern] | None = None
    captcha: Many[Pattern] | None = None
    maintenance: Many[Pattern] | None = None
    proxy: Many[Pattern] | None = None


class Online(Section):
    time_zone: Zone = _O.time_zone
    paths: OnlinePages = OnlinePages()
    patterns: OnlinePatterns = OnlinePatterns()
    timeouts: OnlineTimeouts = OnlineTimeouts()
    limits: OnlineLimits = OnlineLimits()
    spread: OnlineSpread = OnlineSpread()
    retry: OnlineRetry = OnlineRetry()
    tls: Tls = Tls()
    history_days: Annotated[int, Field(ge=1, le=31)] = _O.history_days
    searches: OnlineSearchSeries = OnlineSearchSeries()
    retention: Annotated[float, _between("31d", "10y")] = _O.retention


class Reaction(Section):
    SECRETS = ("key",)
    alertmanagers: Many[Url] = ()
    credentials: Credentials | None = None
    tls: Tls = Tls()
    interval: Annotated[float, _between("5s", "5m")] = _REACTION.interval
    link: Url = ""
    key: SigningKey | None = None
    link_lifetime: Annotated[float, _between("10m", "31d")] = _REACTION.link_lifetime
    silence_choices: Annotated[Many[Annotated[float, _between("1m", "31d")]], Field(min_length=1, max_length=8)] = (
        _REACTION.silence_choices
    )


class ScoreLimit(Section):
    zero: LimitValue | None = None
    full: LimitValue | None = None


class Score(Section):
    weights: dict[StageName, Weight] = Field(default_factory=dict)
    limits: dict[FigureName, ScoreLimit] = Field(default_factory=dict)


class Document(Section):
    """The whole file."""

    managers: tuple[Manager, ...] = ()
    installations: tuple[Installation, ...] = ()
    online_accesses: tuple[OnlineAccess, ...] = ()
    dealers: tuple[Dealer, ...] = ()
    poll: Poll = Poll()
    privacy: Privacy = Privacy()
    checks: Checks = Checks()
    links: Links = Links()
    reports: Reports = Reports()
    history: History = History()
    online: Online = Online()
    alertmanager: Alertmanager = Alertmanager()
    prometheus: Prometheus = Prometheus()
    thresholds: dict[ThresholdName, ThresholdValue] = Field(default_factory=dict)
    reaction: Reaction = Reaction()
    score: Score = Score()
