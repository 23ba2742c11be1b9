from __future__ import annotations

import pytest

from kodeks_exporter.web.listen import parse_listen_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9877", ("127.0.0.1", 9877)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:9877", ("::1", 9877)),
        ("localhost:9877", ("localhost", 9877)),
        (" 0.0.0.0:80 ", ("0.0.0.0", 80)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_listen_address(text) == address


def test_without_a_host_all_addresses_are_meant() -> None:
    host, port = parse_listen_address(":9877")
    assert host in ("::", "0.0.0.0")
    assert port == 9877


@pytest.mark.parametrize(
    "text", ["", "9877", "localhost", "localhost:", ":http", ":65536", ":-1", ":٣", "::1:9877", "::1"]
)
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="listen address"):
        parse_listen_address(text)
