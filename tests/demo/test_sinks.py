"""The sinks keep what they get and refuse what the real ones would refuse."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from demo.sinks import MailSink, TelegramSink
from demo.sinks.markup import visible_text


def test_waiting_ends_without_the_message() -> None:
    with MailSink() as sink, pytest.raises(TimeoutError):
        sink.wait_for(lambda _: True, timeout=0.1)


def _call(sink: TelegramSink, method: str, parameters: Any, token: str = "42:token") -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        f"{sink.url}/bot{token}/{method}", json.dumps(parameters).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _send(sink: TelegramSink, text: str, mode: str = "HTML", chat: str = "-100") -> tuple[int, dict[str, Any]]:
    return _call(
        sink, "sendMessage", {"chat_id": chat, "text": text, "parse_mode": mode, "disable_notification": "true"}
    )


def test_telegram_takes_what_alertmanager_sends(telegram: TelegramSink) -> None:
    status, answer = _send(telegram, '<b>Ключ</b> &lt;4111&gt; <a href="http://x/?a=1&amp;b=2">что делать</a>')
    assert status == 200
    assert answer["ok"] is True
    assert answer["result"]["chat"]["id"] == -100
    message = telegram.wait_for(lambda each: "4111" in each.text, timeout=1)
    assert message.text == "Ключ <4111> что делать"
    assert message.silent
    assert message.links == [("что делать", "http://x/?a=1&b=2")]
    assert telegram.refusals == []


def test_telegram_knows_itself_and_its_token(telegram: TelegramSink) -> None:
    assert _call(telegram, "getMe", None)[1]["result"]["is_bot"] is True
    assert _call(telegram, "getMe", None, token="43:other")[0] == 401
    assert _call(telegram, "sendPhoto", {})[0] == 404


def test_telegram_counts_what_is_seen(telegram: TelegramSink) -> None:
    assert _send(telegram, "<b>" + "я" * 4096 + "</b>")[0] == 200
    status, answer = _send(telegram, "я" * 4097)
    assert status == 400
    assert answer["description"] == "Bad Request: message is too long"
    assert _send(telegram, "&lt;" * 4096)[0] == 200
    assert _send(telegram, " \n ")[1]["description"] == "Bad Request: message text is empty"
    assert [refusal.status for refusal in telegram.refusals] == [400, 400]


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("<b>open", 'find end tag corresponding to start tag "b"'),
        ("<b><i>x</b></i>", 'expected "</i>", found "</b>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<div>x</div>", 'Unsupported start tag "div"'),
        ("a < b", "Unsupported start tag"),
        ("до <br>", 'Unsupported start tag "br" at byte offset 5'),
        ("<span>x</span>", "tg-spoiler"),
        ("<b", "Unsupported start tag"),
        ('<a href="x>y</a>', "Unsupported start tag"),
    ],
)
def test_telegram_refuses_broken_markup(telegram: TelegramSink, markup: str, reason: str) -> None:
    status, answer = _send(telegram, markup)
    assert status == 400
    assert answer["description"].startswith("Bad Request: can't parse entities: ")
    assert reason in answer["description"]
    assert telegram.messages == []


def test_markup_only_matters_when_asked_for(telegram: TelegramSink) -> None:
    assert _send(telegram, "a < b <br>", mode="")[0] == 200
    assert _send(telegram, "x", mode="Brainfuck")[0] == 400


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("a &amp; b &nbsp; &#1078;&#x436; &", "a & b &nbsp; жж &"),
        ('<pre><code class="language-sh">x</code></pre>', "x"),
        ('<span class="tg-spoiler">x</span><tg-spoiler>y</tg-spoiler>', "xy"),
        ("<blockquote expandable>x</blockquote>", "x"),
        ("<B>x</b>", "x"),
        ("a > b", "a > b"),
    ],
)
def test_markup_that_telegram_takes(markup: str, seen: str) -> None:
    assert visible_text(markup) == seen
