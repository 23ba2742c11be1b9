"""Online accesses: what the vendor's server tells comes out in /metrics, and no password with it."""

from __future__ import annotations

from pathlib import Path

from demo.vendor import Access, Kind, ServerSpec, Vendor, VendorFault
from tests.cli.running import serving, wait_for, write

PASSWORD = "vendor-s3cret"


def test_figures_of_an_access(tmp_path: Path) -> None:
    accesses = (Access("u1", PASSWORD, Kind.NORMAL), Access("u2", PASSWORD, Kind.NEVER))
    with Vendor([ServerSpec("nps1", accesses)]) as vendor:
        vendor.fault("nps1", VendorFault.REFUSED, login="u2")
        config = write(
            tmp_path / "kodeks.yml",
            {
                "managers": [{"name": "ivanova"}],
                "online": {"spread": {"start": "1s"}},
                "online_accesses": [
                    {
                        "name": f"romashka-{access.login}",
                        "client": "ООО «Ромашка»",
                        "manager": "ivanova",
                        "url": vendor.url("nps1"),
                        "credentials": {"username": access.login, "password": PASSWORD},
                    }
                    for access in accesses
                ],
            },
        )
        with serving(config, tmp_path / "data") as exporter:
            series = 'kodeks_online_left{account="romashka-u1",resource="documents"}'
            wait_for(lambda: exporter.metric(series) is not None, 30)
            assert exporter.metric(series) == vendor.servers["nps1"].left(accesses[0], "documents")
            assert exporter.metric('kodeks_online_limit{account="romashka-u1",resource="documents"}') == 300
            wait_for(lambda: exporter.metric('kodeks_online_login_success{account="romashka-u2"}') == 0, 30)
            assert exporter.metric('kodeks_online_login_success{account="romashka-u1"}') == 1
            assert PASSWORD not in exporter.get("/metrics").text + exporter.get("/config").text + exporter.log
