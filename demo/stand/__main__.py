"""``python -m demo.stand --config stand.yml``: run the stand until it is told to stop."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.stand.model import load
from demo.stand.stand import Stand


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.stand", description="A stand like a fleet of Kodeks servers.")
    parser.add_argument("--config", type=Path, required=True, help="stand.yml")
    parser.add_argument("--control-port", type=int, help="port of the control interface, 0: a free one")
    given = parser.parse_args(arguments)
    try:
        spec = load(given.config)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if given.control_port is not None:
        spec = dataclasses.replace(spec, control_port=given.control_port)
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with Stand(spec) as stand:
        print(f"control {stand.control_url}")
        print("dns {}:{}".format(*stand.dns_address))
        for each in stand.describe():
            print(each["name"], each["address"])
        sys.stdout.flush()
        signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
