"""``kodeks-exporter render --config.file kodeks.yml [--output DIR] [--into FILE [--remove]] [--kubernetes …]``."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from kodeks_exporter import assets
from kodeks_exporter.cli import external_url
from kodeks_exporter.cli.language import say
from kodeks_exporter.config.document import Plain
from kodeks_exporter.config.load import load, merged
from kodeks_exporter.config.parts import read_parts
from kodeks_exporter.domain.refusal import CommandError, UsageError
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.render import into, shares
from kodeks_exporter.render.check import Checked, RefusedError
from kodeks_exporter.render.files import AssetsError, Rendered, RenderedFile, RenderError, render
from kodeks_exporter.render.kubernetes import Cluster, manifests, service_address
from kodeks_exporter.render.merge import MergeError
from kodeks_exporter.render.write import write
from kodeks_exporter.settings.alerting import PrometheusSettings
from kodeks_exporter.settings.settings import Settings


def run(options: argparse.Namespace) -> int:
    if wrong := _misused(options):
        raise UsageError(wrong)
    try:
        return _removed(options.into) if options.remove else _rendered(options)
    except (RefusedError, AssetsError, RenderError) as error:
        raise CommandError(say("nothing was written: {error}", error=error)) from None
    except MergeError as error:
        raise CommandError(say("{path} was not changed: {error}", path=options.into, error=error)) from None


def _misused(options: argparse.Namespace) -> str:
    if options.remove and (options.into is None or options.output is not None):
        return say("--remove takes our part out of the file of --into, and goes with nothing else")
    if options.kubernetes and options.into is not None:
        return say("--kubernetes and --into are two ways of the same")
    return "" if options.output or options.into else say("needs --output DIR, --into FILE, or both")


def _rendered(options: argparse.Namespace) -> int:
    settings = load(options.config, changes=external_url.changes(options))
    secrets = _secrets(settings)
    if options.kubernetes and settings.prometheus.sharding in shares.SHARED:
        raise RenderError("--kubernetes makes one exporter; prometheus.sharding must be inventory")
    if options.kubernetes:
        files, rendered = _kubernetes(settings, options)
    else:
        rendered = render(settings)
        files = (*rendered.files, *shares.files(settings, _as_written(options)))
    checked = []
    if options.output:
        written = write(files, options.output, secrets, looked_at=rendered.files if options.kubernetes else None)
        checked.append(written.checked)
        for path in written.changed:
            print(say("written    {path}", path=options.output / path))
        if written.unchanged:
            print(say("unchanged  {number} files", number=len(written.unchanged)))
        for path in written.leftover:
            text = "left over  {path}: not rendered any more; remove it"
            print(say(text, path=options.output / path), file=sys.stderr)
    if options.into:
        checked.append(_put_in(rendered, options, secrets))
    for note in rendered.notes:
        print(say("note       {text}", text=note), file=sys.stderr)
    _tell(checked)
    return 0


def _as_written(options: argparse.Namespace) -> dict[str, Plain]:
    """kodeks.yml with what it includes and the flags over it, secrets as they are named there."""
    data, changes = read_parts(options.config)[0].data, external_url.changes(options)
    whole = data if changes is None else merged(data, changes)
    assert isinstance(whole, dict)  # it has been loaded
    return whole


def _put_in(rendered: Rendered, options: argparse.Namespace, secrets: list[str]) -> Checked:
    folder = options.output / "templates" if options.output else options.into.parent / into.FOLDER
    templates = [file for file in rendered.files if file.path.startswith("templates/")]
    done = into.put_in(options.into, rendered.fragment, templates, folder, secrets)
    print(say("written    {path}" if done.changed else "unchanged  {path}", path=options.into))
    if done.readable and secrets:
        text = "note       {path} holds secrets, and everybody on this machine may read it"
        print(say(text, path=options.into), file=sys.stderr)
    return done.checked


def _removed(config: Path) -> int:
    names = [path.name for path in (assets.find() / "alertmanager" / "templates").glob("*.tmpl")]
    done = into.take_out(config, names)
    print(say("taken out  {path}" if done.changed else "unchanged  {path}", path=config))
    _tell([done.checked])
    return 0


def _tell(checked: list[Checked]) -> None:
    for program in dict.fromkeys(program for each in checked for program in each.by):
        print(say("checked    by {program}", program=program))
    for program in dict.fromkeys(program for each in checked for program in each.missing):
        text = "UNCHECKED  {program} is not on PATH: its program may refuse these files"
        print(say(text, program=program), file=sys.stderr)


def add_arguments(command: argparse.ArgumentParser) -> None:
    external_url.add_argument(command)
    command.add_argument("--output", type=Path, metavar="DIR", help="folder of the files")
    command.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        help="an alertmanager.yml that serves others too: only our part of it is written",
    )
    command.add_argument("--remove", action="store_true", help="take our part out of the file of --into")
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
