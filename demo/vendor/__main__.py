"""``python -m demo.vendor``: the vendor's servers with 150 accesses, until Ctrl-C; prints kodeks.yml's entries."""

from __future__ import annotations

import argparse
import signal
import sys

import yaml

from demo.vendor.fleet import COUNT, entries, specs
from demo.vendor.vendor import Vendor


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.vendor", description="A stand of the vendor's servers.")
    parser.add_argument("--accesses", type=int, default=COUNT)
    parser.add_argument("--manager", default="ivanova", help="whom the accesses belong to")
    given = parser.parse_args()
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with Vendor(specs(given.accesses)) as vendor:
        document = {"online_accesses": entries(vendor, [given.manager])}
        print(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), flush=True)
        signal.sigwait(signals)
    return 0


if __name__ == "__main__":
    sys.exit(main())
