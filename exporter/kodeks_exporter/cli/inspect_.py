"""``kodeks-exporter sysinfo inspect FILE [--profile P]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo.inspect import inspect, render
from kodeks_exporter.sysinfo.profile import BadProfile, load_profile


def run(options: argparse.Namespace) -> int:
    try:
        print(render(inspect(options.file, load_profile(options.profile, [Path.cwd()]))))
    except UnreadableReport as error:
        print(f"kodeks-exporter sysinfo inspect: {options.file}: {error.text} ({error})", file=sys.stderr)
        return 1
    except BadProfile as error:
        print(f"kodeks-exporter sysinfo inspect: --profile {options.profile}: {error}", file=sys.stderr)
        return 1
    return 0
