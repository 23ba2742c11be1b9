"""What goes past the parser is read to the same letter as through it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kodeks_exporter.domain.report import UnreadableReport
from kodeks_exporter.sysinfo import straight

from .conftest import Collected, read

PLAIN = '<search time="2026-11-20T09:12:44" login="ivanova" catalog="/docs" source="ksrv" type="intellectual"'
PLAIN += ' status="ok" found="37" duration="0.84">ГОСТ 30971-2012</search>'
PIECES = (
    PLAIN, PLAIN, PLAIN + "\n", f"  {PLAIN}\r\n\t", PLAIN.replace("ivanova", "petrov").replace("ok", "empty"),
    PLAIN.replace("ГОСТ", "a &amp; b"), PLAIN.replace("ГОСТ", "a ]]> b"), PLAIN.replace("ГОСТ", "a ] > b"),
    PLAIN.replace("ГОСТ", "<![CDATA[<b>]]>"), PLAIN.replace("ГОСТ", "<i>x</i>"), PLAIN.replace("ГОСТ", "a\nb  c"),
    PLAIN.replace("ivanova", "a\nb"), PLAIN.replace("ivanova", "&quot;x"), PLAIN.replace('"ivanova"', "'petrov'"),
    PLAIN.replace(' found="37"', ""), PLAIN.replace(' found="37"', ' found="37" more="1"'),
    PLAIN.replace(' login="ivanova"', "").replace('" catalog', '" login="later" catalog'),
    PLAIN.replace(' found="37"', ' found="37" found="38"'), PLAIN.replace("2026-11-20T09:12:44", "вчера"),
    PLAIN.replace("2026-11-20T09:12:44", "46346.5"), f"<!-- {PLAIN} -->", f"<!-- {PLAIN} {PLAIN}", "-->",
    f"<![CDATA[{PLAIN}{PLAIN}]]>", f"<other>{PLAIN}{PLAIN}</other>", f"<search>{PLAIN}</search>",
    "text", "<a", "</search>", PLAIN.replace("</search>", "</search >"), PLAIN.replace("<search", "<search "),
    "</searches>", "<searches>", "&#x41;", "\x0b", "&#0;", "\ufffe", "<?pi x?>", "x" * 4000, "ы" * 9000,
    '<search time="2026-11-20T10:00:00" login="x"/>',
)  # fmt: skip


def outcome(text: str, folder: Path) -> tuple[Collected | str, object]:
    try:
        done = read(text, folder)
    except UnreadableReport as error:
        return error.reason, None
    return done.got, (done.summary.records, done.summary.skipped)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.integers(0, 6000))
def test_the_same_as_monkeypatch(
    folder: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[str], padding: int
) -> None:
    comment = f"<!--{'c' * padding}-->"
    text = f'<sysinfo created="2026-11-20T09:55:00">{comment}<searches>{"".join(pieces)}</searches><z/></sysinfo>'
    fast = outcome(text, folder)
    with monkeypatch.context() as patch:
        patch.setattr(straight.Straight, "take", lambda self, text, start: start)
        assert outcome(text, folder) == fast


def test_many_go_past_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[int] = []
    monkeypatch.setattr(straight.Straight, "learn", _counting(straight.Straight.learn, learned))
    text = f"<sysinfo><searches>{(PLAIN + chr(10)) * 5000}</searches></sysinfo>"
    assert len(read(text, folder).got.searches) == 5000
    assert len(learned) < 200


def _counting(learn: object, learned: list[int]) -> object:
    def counted(self: object, frame: dict[str, str]) -> None:
        learned.append(1)
        learn(self, frame)  # type: ignore[operator]

    return counted
