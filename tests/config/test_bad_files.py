"""Each file of testdata/bad has one planted mistake and says on its first line how it must be told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kodeks_exporter.config.load import ConfigError, load

BAD = sorted((Path(__file__).parent / "testdata" / "bad").glob("*.yml"))


def test_the_folder_is_there() -> None:
    assert len(BAD) >= 30


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file(path: Path) -> None:
    text = path.read_text("utf-8")
    expected = re.match(r"# expect: (\d+) (.*)\n", text)
    assert expected is not None, f"{path} does not say what to expect"

    with pytest.raises(ConfigError) as caught:
        load(path, {})

    assert len(caught.value.problems) == 1, f"more than the planted mistake:\n{caught.value}"
    problem = caught.value.problems[0]
    assert problem.line == int(expected[1])
    key, message = expected[2].split(" ", 1) if problem.key else ("", expected[2])
    assert problem.key == key
    assert message in problem.message
    assert str(problem).startswith(f"{path}:{problem.line}: {problem.key}")
    for secret in [*re.findall(r"[\w-]+-secret[\w-]*", text), "first-secret", "sh0rt", "inline-secret"]:
        assert secret not in str(caught.value)
