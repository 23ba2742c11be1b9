"""prometheus.yml: what is scraped, which rules are evaluated, where alerts go."""

from collections.abc import Iterable
from pathlib import Path

from kodeks_exporter.domain.acknowledge import LABELS, MODULUS, SEPARATOR, SIGNATURE
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.render.yamltext import flow, scalar
from kodeks_exporter.settings.alerting import PrometheusSettings

_PROBED = (
    "kodeks_(check_.*|installation_state|known_address_up|planned_downtime|maintenance_start_.*"
    "|http_response_code|tls_.*)"
)
"""Metrics of live checks: in hashmod mode they come from /probe, so those from /metrics are dropped. The inventory
is not among them: installations that only send reports are never probed."""

_HEAD = """\
# Prometheus 2.42 and newer. Rendered by `kodeks-exporter render`: a change here is lost at the next run.
#
# Thirteen months of history need a flag of Prometheus, its own default is 15 days:
#   --storage.tsdb.retention.time=400d
global:
  # Alerts rely on both: a fault is reported within two minutes.
  scrape_interval: 15s
  evaluation_interval: 15s

rule_files:
"""


def rendered(
    settings: PrometheusSettings, rule_files: Iterable[str], *, key: Secret | None = None, endless: Iterable[str] = ()
) -> str:
    """``key``: signs the links by which alerts are taken; None: no links. ``endless``: alerts without an end, which
    can't be taken."""
    text = _HEAD + "".join(f"  - {scalar(f'rules/{name}')}\n" for name in rule_files)
    text += "  # Rules of the site's own; this folder is never touched.\n  - site-rules/*.yml\n"
    text += f"\nalerting:\n  alertmanagers:\n    - static_configs:\n        - targets: {flow(settings.alertmanagers)}\n"
    if key is not None:
        text += _signed(key.reveal(), endless)
    jobs = _hashmod(settings) if settings.sharding == "hashmod" else _static(settings)
    return f"{text}\nscrape_configs:\n{jobs}{_alertmanagers(settings)}"


def _alertmanagers(settings: PrometheusSettings) -> str:
    return f"""
  # Prometheus itself: whether its rules are evaluated and Alertmanager takes what they find.
  - job_name: prometheus
    static_configs:
      - targets: ['localhost:9090']
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: prometheus_(notifications_.*|rule_.*|config_last_reload_successful|build_info)
        action: keep

  # Its own figures tell whether messages reach people (KodeksNotificationsFailing).
  - job_name: alertmanager
    static_configs:
      - targets: {flow(settings.alertmanagers)}
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: alertmanager_(notification.*|alerts|config_last_reload_successful|build_info)
        action: keep
"""


def _signed(key: str, endless: Iterable[str]) -> str:
    holder = "__tmp_kodeks_key"
    return f"""\
  # The link by which an alert is taken (docs/render.md): who and what it is about, signed. hashmod is MD5 over the
  # values and the key; the exporter computes the same.
  alert_relabel_configs:
    - target_label: {holder}
      replacement: {scalar(key)}
    - source_labels: [{", ".join([*LABELS, holder])}]
      separator: {scalar(SEPARATOR)}
      modulus: {MODULUS}
      target_label: {SIGNATURE}
      action: hashmod
    - regex: {holder}
      action: labeldrop
    # What happened, and has no end, can't be taken.
    - source_labels: [alertname]
      regex: {scalar("|".join(endless))}
      target_label: {SIGNATURE}
      replacement: ''
"""


def _static(settings: PrometheusSettings) -> str:
    # The rules expect the job names `kodeks` or `kodeks-…`.
    several = len(settings.exporters) > 1
    text = "  # Each exporter watches the installations of its own kodeks.yml.\n" if several else ""
    return text + "  - job_name: kodeks\n" + _static_targets(settings) + _access(settings, "    ")


def _static_targets(settings: PrometheusSettings) -> str:
    return f"    static_configs:\n      - targets: {flow(settings.exporters)}\n"


def _hashmod(settings: PrometheusSettings) -> str:
    count = len(settings.exporters)
    text = f"""\
  # The exporters themselves and what they know from reports. What live checks give comes from the job below.
  - job_name: kodeks
{_static_targets(settings)}    metric_relabel_configs:
      - source_labels: [__name__]
        regex: {scalar(_PROBED)}
        action: drop
{_access(settings, "    ")}
  # Each installation is asked through one of the exporters: that which the hash of its name falls to.
  # The name of this job does not begin with kodeks, so that one exporter that is down is one alert.
  - job_name: probe-kodeks
    metrics_path: /probe
    scrape_interval: 30s
    scrape_timeout: 25s
    http_sd_configs:
      - url: {scalar(f"{settings.scheme}://{settings.exporters[0]}/sd")}
{_access(settings, "        ")}    relabel_configs:
      - source_labels: [__meta_kodeks_url]
        regex: .+
        action: keep
      - source_labels: [__address__]
        target_label: __param_target
      - source_labels: [__address__]
        target_label: instance
      - source_labels: [__address__]
        modulus: {count}
        target_label: __tmp_shard
        action: hashmod
"""
    for shard, exporter in enumerate(settings.exporters):
        text += f"""\
      - source_labels: [__tmp_shard]
        regex: '{shard}'
        target_label: __address__
        replacement: {scalar(exporter.replace("$", "$$"))}
"""
    return text + _access(settings, "    ")


def _access(settings: PrometheusSettings, indent: str) -> str:
    lines = []
    if settings.scheme != "http":
        if not indent.startswith("     "):
            lines.append(f"scheme: {settings.scheme}")
        if settings.tls.ca_file or not settings.tls.verify:
            lines.append("tls_config:")
            if settings.tls.ca_file:
                lines.append(f"  ca_file: {scalar(str(Path(settings.tls.ca_file).absolute()))}")
            if not settings.tls.verify:
                lines.append("  insecure_skip_verify: true")
    if settings.credentials:
        lines += [
            "basic_auth:",
            f"  username: {scalar(settings.credentials.username)}",
            f"  password: {scalar(settings.credentials.password.reveal())}",
        ]
    return "".join(f"{indent}{line}\n" for line in lines)
