from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kodeks_exporter.net.answer import Response
from kodeks_exporter.net.reading import read_text, visible_text


def test_markup_scripts_and_comments_are_not_visible() -> None:
    page = "<SCRIPT>'режим обслуживания'</SCRIPT><!-- ключ не найден --><style>x</style><b>Кодекс</b>&nbsp;&amp;\n ещё"
    assert visible_text(page) == "Кодекс & ещё"


@pytest.mark.parametrize("fragment", ["<script", "<!--", "<", "<a <", "&#", "<script>", "İ<style>"])
def test_time_grows_with_the_page_and_not_with_its_square(fragment: str) -> None:
    page = fragment * (1_000_000 // len(fragment))
    begin = time.process_time()
    visible_text(page)
    assert time.process_time() - begin < 5


@given(st.binary(max_size=500), st.sampled_from(["", "utf-8", "cp1251", "koi8-r", "base64", "idna", "undefined"]))
def test_any_bytes_are_read(body: bytes, charset: str) -> None:
    response = Response(200, {"content-type": f"text/html; charset={charset}"}, body, "/")
    assert isinstance(read_text(response).visible, str)
