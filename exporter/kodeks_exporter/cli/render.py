"""``kodeks-exporter render --config.file kodeks.yml --output DIR [--kubernetes …]``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from kodeks_exporter import assets
from kodeks_exporter.cli import external_url
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.render.check import RefusedError
from kodeks_exporter.render.files import AssetsError, Rendered, RenderedFile, RenderError, render
from kodeks_exporter.render.kubernetes import Cluster, manifests, service_address
from kodeks_exporter.render.write import write
from kodeks_exporter.settings.alerting import PrometheusSettings
from kodeks_exporter.settings.settings import Settings


def run(options: argparse.Namespace) -> int:
    settings = load(options.config, changes=external_url.changes(options))
    try:
        if options.kubernetes:
            files, rendered = _kubernetes(settings, options)
            written = write(files, options.output, _secrets(settings), looked_at=rendered.files)
        else:
            rendered = render(settings)
            written = write(rendered.files, options.output, _secrets(settings))
    except RefusedError as error:
        print(f"kodeks-exporter render: nothing was written: {error}", file=sys.stderr)
        return 1
    except (AssetsError, RenderError) as error:
        print(f"kodeks-exporter render: nothing was written: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"kodeks-exporter render: {error.filename or options.output}: {error.strerror}", file=sys.stderr)
        return 1
    for path in written.changed:
        print(f"written    {options.output / path}")
    if written.unchanged:
        print(f"unchanged  {len(written.unchanged)} files")
    for path in written.leftover:
        print(f"left over  {options.output / path}: not of this version, not loaded; remove it", file=sys.stderr)
    for note in rendered.notes:
        print(f"note       {note}", file=sys.stderr)
    for program in written.checked.by:
        print(f"checked    by {program}")
    for program in written.checked.missing:
        print(f"UNCHECKED  {program} is not on PATH: its program may refuse these files", file=sys.stderr)
    return 0


def add_arguments(command: argparse.ArgumentParser) -> None:
    external_url.add_argument(command)
    command.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the files")
    command.add_argument(
        "--kubernetes", action="store_true", help="manifests for prometheus-operator, and the exporter's own workload"
    )
    command.add_argument("--namespace", default="monitoring", help="of the manifests; default %(default)s")
    command.add_argument("--image", default=Cluster().image, help="of the exporter; default %(default)s")
    command.add_argument(
        "--label",
        dest="labels",
        action="append",
        default=[],
        type=_label,
        metavar="NAME=VALUE",
        help="what the operator's selectors look for, such as release=monitoring; may be given several times",
    )


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _kubernetes(settings: Settings, options: argparse.Namespace) -> tuple[tuple[RenderedFile, ...], Rendered]:
    """The manifests, and the plain files they were made from."""
    cluster = Cluster(options.namespace, dict(options.labels), options.image)
    prometheus = settings.prometheus
    if prometheus.exporters == PrometheusSettings().exporters:
        prometheus = replace(prometheus, exporters=(service_address(cluster),))
        settings = replace(settings, prometheus=prometheus)
    rendered = render(settings)
    folder = assets.find() / "grafana-dashboards"
    dashboards = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    config = options.config.read_text(encoding="utf-8")
    return manifests(rendered.files, dashboards, config, cluster), rendered


def _secrets(settings: Settings) -> list[str]:
    """The texts that the files hold and that no message may show."""
    alertmanager, prometheus = settings.alertmanager, settings.prometheus
    secrets: list[Secret | None] = [
        alertmanager.telegram.bot_token,
        alertmanager.dead_man.url,
        settings.reaction.key,
    ]
    secrets += [each.password for each in (alertmanager.smtp.credentials, prometheus.credentials) if each]
    return [secret.reveal() for secret in secrets if secret]
