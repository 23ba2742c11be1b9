"""Where a redirect may lead, for all that is asked with a password."""

from __future__ import annotations

import pytest

from kodeks_exporter.net.errors import CheckError
from kodeks_exporter.net.target import target_of


@pytest.mark.parametrize(
    ("url", "location", "leads_to"),
    [
        ("http://a.example:8080", "/x y?q=\xd0\xbf", "http://a.example:8080/x%20y?q=%D0%BF"),
        ("http://a.example:8080", "next", "http://a.example:8080/docs/next"),
        ("http://a.example:8080", "\\docs\\1", "http://a.example:8080/docs/1"),
        ("http://a.example", "//A.example:80/", "http://a.example/"),
        ("http://a.example", "https://a.example/docs", "https://a.example/docs"),
        ("https://a.example", "http://a.example:80/", "http://a.example/"),
        (
            "http://\u043f\u0440\u0438\u043c\u0435\u0440.example",
            "https://xn--e1afmkfd.example/",
            "https://xn--e1afmkfd.example/",
        ),
        ("http://[2001:db8::1]", "https://[2001:db8::1]/", "https://[2001:db8::1]/"),
        ("http://a.example", "https://b.example/", "redirect_foreign"),
        ("http://a.example", "https://a.example.evil.example/", "redirect_foreign"),
        ("http://a.example", "https://a.example@evil.example/", "redirect_foreign"),
        ("http://a.example", "https://a.example:8443/", "redirect_foreign"),
        ("http://a.example:8080", "https://a.example/", "redirect_foreign"),
        ("http://a.example", "ftp://a.example/", "redirect_foreign"),
        ("http://a.example", "http://[a", "garbage"),
        ("http://a.example", "http://a.example:port/", "garbage"),
    ],
)
def test_redirects(url: str, location: str, leads_to: str) -> None:
    assert led(url, location) == leads_to


def led(url: str, location: str) -> str:
    try:
        there, path = target_of(url).redirected("/docs/", location)
    except CheckError as error:
        return error.reason
    return there.base + path


def test_a_password_meant_for_tls_is_not_sent_in_the_open() -> None:
    plain, private = target_of("http://a.example"), target_of("https://a.example")
    assert [here.is_private(meant) for here in (plain, private) for meant in (plain, private)] == [
        True, False, True, True,
    ]  # fmt: skip
