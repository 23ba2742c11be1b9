"""The language of the commands' output, one at a time. English is in the code, Russian in ``cli/russian.py``."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Final

LANGUAGES: Final = ("ru", "en")
_FLAG: Final = "--lang"
_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")


class _Spoken:
    texts: Mapping[str, str] = {}


def choose(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Sets the language from ``--lang`` or else from the locale; returns the other arguments.

    Raises ``ValueError`` for an unsupported language.
    """
    rest, given = [], ""
    several = iter(arguments)
    for each in several:
        if each == _FLAG:
            given = next(several, "?")
        elif each.startswith(_FLAG + "="):
            given = each.partition("=")[2]
        else:
            rest.append(each)
    if given and given not in LANGUAGES:
        raise ValueError(f"{_FLAG}: one of {', '.join(LANGUAGES)} is expected, not {given!r}")
    locale = next((environment[name] for name in _LOCALE if environment.get(name)), "")
    speak(given or ("ru" if locale.lower().startswith("ru") else "en"))
    return rest


def speak(language: str) -> None:
    """``ru`` or ``en``."""
    _Spoken.texts = {}
    if language == "ru":
        from kodeks_exporter.cli.russian import TEXTS  # many calls never need it

        _Spoken.texts = TEXTS


def russian() -> bool:
    return bool(_Spoken.texts)


def say(english: str, **values: object) -> str:
    """The text in the chosen language, with values for its ``{names}``."""
    return _Spoken.texts.get(english, english).format(**values)


def sentence(english: str) -> str:
    """The text in the chosen language, with a capital letter and a full stop."""
    text = say(english)
    return f"{text[0].upper()}{text[1:]}."


def translate(parser: argparse.ArgumentParser) -> None:
    """Help texts of a parser and of all beneath it."""
    if not russian():
        return
    # argparse asks gettext, which has no Russian of its own.
    vars(argparse)["_"] = lambda text: _Spoken.texts.get(text, text)
    for each in (parser._optionals, parser._positionals):
        each.title = _known(each.title)
    parser.description, parser.epilog = _known(parser.description), _known(parser.epilog)
    for action in parser._actions:
        action.help = _known(action.help)
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                choice.help = _known(choice.help)
            for inner in action.choices.values():
                translate(inner)
    for group in parser._action_groups:
        group.title = _known(group.title)


def _known(text: str | None) -> str | None:
    return text if text is None else _Spoken.texts.get(text, text)
