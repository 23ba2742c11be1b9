"""The rendered files as manifests for prometheus-operator, with the exporter's own workload.

Names, ports and paths here are this module's own choice; the configuration of Alertmanager and Prometheus is taken from
the files that ``render`` makes for any other site, so that they can't differ.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from kodeks_exporter import __version__
from kodeks_exporter.render.files import RenderedFile

NAME: Final = "kodeks-exporter"
PORT: Final = 9877
_USER: Final = 9877
"""As in packaging/Containerfile."""
_TEMPLATES: Final = "/etc/alertmanager/config"
"""Where the operator mounts the keys of Alertmanager's configuration Secret."""
_RELABEL: Final = {
    "source_labels": "sourceLabels",
    "target_label": "targetLabel",
    "separator": "separator",
    "regex": "regex",
    "modulus": "modulus",
    "replacement": "replacement",
    "action": "action",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """``labels``: for the selectors of the operator and of Grafana, on every object. ``image``: of the exporter."""

    namespace: str = "monitoring"
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = f"{NAME}:{__version__}"


def service_address(cluster: Cluster) -> str:
    """``host:port`` at which Prometheus reaches the exporter."""
    return f"{NAME}.{cluster.namespace}.svc:{PORT}"


def manifests(
    files: Iterable[RenderedFile], dashboards: Mapping[str, str], config: str, cluster: Cluster
) -> tuple[RenderedFile, ...]:
    """One file a kind. ``dashboards``: file name to JSON. ``config``: the text of kodeks.yml."""
    texts = {file.path: file.content.decode() for file in files}
    rules = {Path(path).stem: text for path, text in texts.items() if path.startswith("rules/")}
    prometheus = yaml.safe_load(texts["prometheus.yml"])
    secrets = _Secrets(cluster)
    scrapes = [_scrape(job, cluster, secrets) for job in prometheus["scrape_configs"] if "kodeks" in job["job_name"]]
    relabelling = prometheus.get("alerting", {}).get("alert_relabel_configs")
    if relabelling:
        secrets.add("alert-relabel", {"alert-relabel.yaml": _dump(relabelling)})
    secrets.add("alertmanager", _alertmanager(texts))
    secrets.add("config", {"kodeks.yml": config})
    return (
        _file("prometheusrules.yaml", [_rule(name, text, cluster) for name, text in rules.items()]),
        _file("scrapeconfigs.yaml", scrapes),
        _file("secrets.yaml", secrets.objects, secret=True),
        _file("exporter.yaml", _exporter(cluster)),
        _file("dashboards.yaml", [_dashboard(name, text, cluster) for name, text in sorted(dashboards.items())]),
    )


class _Secrets:
    """Collects secrets, one name each."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.objects: list[dict[str, Any]] = []

    def add(self, name: str, data: Mapping[str, str]) -> str:
        name = f"kodeks-{name}"
        meta = _meta(name, self._cluster)
        self.objects.append({"apiVersion": "v1", "kind": "Secret", **meta, "type": "Opaque", "stringData": dict(data)})
        return name


def _meta(name: str, cluster: Cluster, **labels: str) -> dict[str, Any]:
    merged = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/part-of": "kodeks", **cluster.labels, **labels}
    return {"metadata": {"name": name, "namespace": cluster.namespace, "labels": merged}}


def _rule(name: str, text: str, cluster: Cluster) -> dict[str, Any]:
    head = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", **_meta(f"kodeks-{name}", cluster)}
    return {**head, "spec": yaml.safe_load(text)}


def _scrape(job: Mapping[str, Any], cluster: Cluster, secrets: _Secrets) -> dict[str, Any]:
    """The operator chooses its own job names; the rules use ``job``, so relabelling sets it."""
    name = job["job_name"]
    spec: dict[str, Any] = {}
    for ours, theirs in (
        ("metrics_path", "metricsPath"),
        ("scrape_interval", "scrapeInterval"),
        ("scrape_timeout", "scrapeTimeout"),
        ("static_configs", "staticConfigs"),
    ):
        if ours in job:
            spec[theirs] = job[ours]
    access = _access(job, name, secrets)
    if "http_sd_configs" in job:
        spec["httpSDConfigs"] = [{"url": each["url"], **access} for each in job["http_sd_configs"]]
    if job.get("scheme", "http") != "http":
        spec["scheme"] = job["scheme"].upper()
    spec.update(access)
    named = {"targetLabel": "job", "replacement": name}
    spec["relabelings"] = [*map(_relabelling, job.get("relabel_configs", ())), named]
    if "metric_relabel_configs" in job:
        spec["metricRelabelings"] = [*map(_relabelling, job["metric_relabel_configs"])]
    head = {"apiVersion": "monitoring.coreos.com/v1alpha1", "kind": "ScrapeConfig", **_meta(name, cluster)}
    return {**head, "spec": spec}


def _access(job: Mapping[str, Any], name: str, secrets: _Secrets) -> dict[str, Any]:
    access: dict[str, Any] = {}
    tls = job.get("tls_config", {})
    if "ca_file" in tls:
        secret = secrets.add(f"{name}-ca", {"ca.crt": Path(tls["ca_file"]).read_text(encoding="utf-8")})
        access["tlsConfig"] = {"ca": {"secret": {"name": secret, "key": "ca.crt"}}}
    elif tls.get("insecure_skip_verify"):
        access["tlsConfig"] = {"insecureSkipVerify": True}
    if "basic_auth" in job:
        given = job["basic_auth"]
        secret = secrets.add(f"{name}-access", {key: given[key] for key in ("username", "password")})
        access["basicAuth"] = {key: {"name": secret, "key": key} for key in ("username", "password")}
    return access


def _relabelling(config: Mapping[str, Any]) -> dict[str, Any]:
    return {_RELABEL[key]: value for key, value in config.items()}


def _alertmanager(texts: Mapping[str, str]) -> dict[str, str]:
    """Keys of the Secret that the Alertmanager object names as configSecret."""
    document = yaml.safe_load(texts["alertmanager.yml"])
    document["templates"] = [f"{_TEMPLATES}/{Path(pattern).name}" for pattern in document["templates"]]
    templates = {Path(path).name: text for path, text in texts.items() if path.startswith("templates/")}
    return {"alertmanager.yaml": _dump(document), **templates}


def _exporter(cluster: Cluster) -> list[dict[str, Any]]:
    selector = {"app.kubernetes.io/name": NAME}
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        **_meta(NAME, cluster),
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        **_meta(NAME, cluster),
        "spec": {"selector": selector, "ports": [{"name": "http", "port": PORT, "targetPort": "http"}]},
    }
    ready = {"httpGet": {"path": "/-/ready", "port": "http"}, "periodSeconds": 10, "timeoutSeconds": 5}
    alive = {"httpGet": {"path": "/-/healthy", "port": "http"}, "periodSeconds": 30, "timeoutSeconds": 10}
    container = {
        "name": NAME,
        "image": cluster.image,
        "args": ["serve", "--config.file", "/etc/kodeks/kodeks.yml", "--storage.path", "/var/lib/kodeks-exporter"],
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": ready,
        "livenessProbe": {**alive, "failureThreshold": 5},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/kodeks", "readOnly": True},
            {"name": "storage", "mountPath": "/var/lib/kodeks-exporter"},
            {"name": "temporary", "mountPath": "/tmp"},  # noqa: S108 (the container's own)
        ],
    }
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
            # Ping without a capability.
            "sysctls": [{"name": "net.ipv4.ping_group_range", "value": f"{_USER} {_USER}"}],
        },
        "containers": [container],
        "volumes": [
            {"name": "config", "secret": {"secretName": "kodeks-config", "defaultMode": 0o440}},
            {"name": "storage", "persistentVolumeClaim": {"claimName": NAME}},
            {"name": "temporary", "emptyDir": {}},
        ],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        **_meta(NAME, cluster),
        "spec": {
            "replicas": 1,
            # only one exporter may use the storage: the old pod stops before the new one starts
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": {**selector, "app.kubernetes.io/part-of": "kodeks"}}, "spec": pod},
        },
    }
    return [claim, service, deployment]


def _dashboard(name: str, text: str, cluster: Cluster) -> dict[str, Any]:
    """Found by Grafana's sidecar through its usual label; compact, because a ConfigMap holds at most a mebibyte."""
    meta = _meta(f"kodeks-dashboard-{Path(name).stem}", cluster, grafana_dashboard="1")
    compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return {"apiVersion": "v1", "kind": "ConfigMap", **meta, "data": {name: compact}}


def _file(name: str, objects: Iterable[dict[str, Any]], *, secret: bool = False) -> RenderedFile:
    head = "# Rendered by `kodeks-exporter render --kubernetes`: a change here is lost at the next run.\n"
    text = "---\n".join(_dump(each) for each in objects)
    return RenderedFile(name, (head + text).encode(), secret=secret)


class _Dumper(yaml.SafeDumper):
    """Keeps texts of several lines readable and writes shared objects out in full."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(document: Any) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
