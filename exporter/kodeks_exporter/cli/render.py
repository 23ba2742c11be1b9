"""``kodeks-exporter render --config.file kodeks.yml --output DIR``."""

from __future__ import annotations

import argparse
import sys

from kodeks_exporter.config.load import load
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.domain.settings import Settings
from kodeks_exporter.render.check import CheckError
from kodeks_exporter.render.files import AssetsError, RenderError, render
from kodeks_exporter.render.write import write


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    try:
        rendered = render(settings)
        written = write(rendered.files, options.output, _secrets(settings))
    except CheckError as error:
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


def _secrets(settings: Settings) -> list[str]:
    """The texts that the files hold and that no message may show."""
    alertmanager, prometheus = settings.alerting.alertmanager, settings.alerting.prometheus
    secrets: list[Secret | None] = [
        alertmanager.telegram_bot_token,
        alertmanager.dead_man_url,
        settings.reaction.key,
    ]
    secrets += [each.password for each in (alertmanager.smtp_credentials, prometheus.credentials) if each]
    return [secret.reveal() for secret in secrets if secret]
