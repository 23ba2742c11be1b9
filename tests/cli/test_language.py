"""The commands speak one language at a time, by ``--lang`` or the locale, and each text stands once."""

from __future__ import annotations

import argparse
import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from kodeks_exporter import cli
from kodeks_exporter.cli import main as command
from kodeks_exporter.cli import probe
from kodeks_exporter.cli.language import choose, russian, say, sentence, speak
from kodeks_exporter.cli.russian import TEXTS
from kodeks_exporter.domain.check import CheckResult, InstallationState, Outcome, Round
from kodeks_exporter.survey.findings import ENGLISH, Fit, Survey, as_text

FOLDER = Path(str(cli.__file__)).parent
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


def helps() -> set[str]:
    def of(parser: argparse.ArgumentParser) -> Iterator[str | None]:
        yield from (parser.description, parser.epilog)
        for action in parser._actions:
            yield action.help
            if isinstance(action, argparse._SubParsersAction):
                yield from (choice.help for choice in action._choices_actions)
                for inner in action.choices.values():
                    yield from of(inner)

    texts = {text for name in command.COMMANDS for text in of(command._parser(name)) if text}
    return texts - {sentence(text) for text in texts}  # a description is made of the help that stands in the list


def said() -> set[str]:
    """Every text of ``cli/`` that looks like one that is said."""
    return {
        node.value
        for file in FOLDER.glob("*.py")
        if file.name != "russian.py"
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def asked() -> set[str]:
    """Arguments of ``say``."""
    return {
        argument.value
        for file in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
        for argument in ast.walk(node.args[0])
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_all_that_is_said_is_known_in_both_languages() -> None:
    assert helps() - TEXTS.keys() == set()
    assert asked() - TEXTS.keys() == set()
    theirs: set[object] = {
        node.value
        for node in ast.walk(ast.parse(Path(argparse.__file__).read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    left = TEXTS.keys() - helps() - said() - theirs
    assert {text for text in left if "invalid choice" not in text} == set(), "translated and never said"


def test_a_translation_tells_the_same_figures() -> None:
    def places(template: str) -> set[str]:
        named = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        return named | set(re.findall(r"%\(\w+\)\w|%s", template))

    for english, translation in TEXTS.items():
        assert places(translation) == places(english)
        assert CYRILLIC.search(translation) or translation == english


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["probe", "a"], {"LANG": "ru_RU.UTF-8"}, True),
        (["probe", "a"], {"LANG": "ru_RU.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        (["probe", "a"], {"LANG": "en_US.UTF-8"}, False),
        (["probe", "a"], {}, False),
        (["--lang", "ru", "probe", "a"], {}, True),
        (["probe", "--lang=en", "a"], {"LANG": "ru_RU.UTF-8"}, False),
        (["probe", "a", "--lang", "ru"], {"LANG": "de_DE"}, True),
    ],
)
def test_the_flag_outweighs_the_locale(arguments: list[str], environment: dict[str, str], expected: bool) -> None:
    assert choose(arguments, environment) == ["probe", "a"]
    assert russian() is expected


@pytest.mark.parametrize("arguments", [["--lang", "de", "probe"], ["probe", "--lang"]])
def test_another_language_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 2
    assert "--lang: one of ru, en" in capsys.readouterr().err


def test_help_in_russian_is_russian(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("", *command.COMMANDS):
        with pytest.raises(SystemExit):
            command.main(["--lang", "ru", *([name] if name else []), "--help"])
        told = capsys.readouterr().out
        assert told.startswith("вызов: ")
        for line in told.splitlines():
            assert not re.search(r"\b(the|of|to|and|default|show|options)\b", line), line


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_probe_is_of_one_language(language: str) -> None:
    speak(language)
    results = {
        "dns": CheckResult("dns", Outcome.OK),
        "tcp": CheckResult("tcp", Outcome.FAILED, "refused", "Порт закрыт"),
        "http": CheckResult("http", Outcome.BLOCKED, by="tcp"),
        "snmp": CheckResult("snmp", Outcome.SKIPPED),
    }
    told = probe.table(Round("a", 0.0, 1.0, results, InstallationState.UNREACHABLE))
    if language == "en":
        assert not CYRILLIC.search(told)
        assert "cause: tcp: refused" in told
    else:
        assert "Порт закрыт" in told
        assert not re.search("FAILED|cause|unreachable|refused|state", told)


def test_a_survey_in_english_leaves_no_russian() -> None:
    found = Survey("installations", "a")
    subjects = [text for text in ENGLISH if CYRILLIC.search(text) and len(text) < 25 and text not in list(Fit)]
    for number, subject in enumerate(subjects):
        found.add(subject, list(Fit)[number % len(Fit)], "объяснение")
    found.propose("выход", "не там", "paths.logout", "/quit")
    assert not CYRILLIC.search(as_text(found, english=True))
    assert "→ paths.logout: /quit" in as_text(found, english=True)


def test_every_subject_of_a_survey_has_its_english() -> None:
    folder = FOLDER.parent / "survey"
    text = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    subjects = set(re.findall(r'survey\.(?:add|propose|propose_for_all)\(\s*"([^"]*[а-яё][^"]*)"', text))
    assert len(subjects) > 20
    assert subjects - ENGLISH.keys() == set()


def test_say_fills_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert say("written    {path}", path="a") == "written    a"
    speak("ru")
    assert say("written    {path}", path="a") == "записан    a"
