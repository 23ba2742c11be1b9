"""``kodeks-exporter add``: adds an installation or online access; asks for the few things that can't be discovered."""

import argparse
import getpass
from pathlib import Path

from kodeks_exporter.cli.language import say
from kodeks_exporter.config.newcomer import Newcomer, add
from kodeks_exporter.domain.refusal import CommandError

_QUESTIONS = {
    "client": "Client (as messages name it, such as ООО «Ромашка»): ",
    "manager": "Manager (a name of managers, in Latin letters): ",
    "url": "Address of the server, http://host:port (empty: the server pushes): ",
    "username": "The monitor's login (empty: none): ",
}
_OF_AN_ACCESS = {
    **_QUESTIONS,
    "url": "Address of the access, https://host/kodeksNN: ",
    "username": "Login: ",
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--online", action="store_true", help="an online access, not an installation")
    command.add_argument("--client", metavar="TEXT", help="client as messages name it")
    command.add_argument("--manager", metavar="NAME", help="who looks after the client")
    command.add_argument("--url", metavar="URL", help="http(s)://host:port; empty for a server that pushes")
    command.add_argument("--name", default="", metavar="NAME", help="label value; default the client in Latin letters")
    command.add_argument("--username", metavar="LOGIN", help="the monitor's account; empty for none")
    command.add_argument("--password-file", type=Path, metavar="FILE", help="its password; asked for when not given")


def run(options: argparse.Namespace) -> int:
    questions = _OF_AN_ACCESS if options.online else _QUESTIONS
    try:
        answers = {key: _answer(getattr(options, key), question) for key, question in questions.items()}
        password = _password(options.password_file) if answers["username"] else ""
    except EOFError:
        raise CommandError(say("an answer is missing")) from None
    name, written = add(
        options.config, Newcomer(**answers, name=options.name, password=password, online=options.online)
    )
    for path in written:
        print(say("written    {path}", path=path))
    if answers["url"]:
        command = f"kodeks-exporter survey --config.file {options.config} --apply {name}"
    else:
        command = f"kodeks-exporter client-script --config.file {options.config} {name}"
    print(say("next       {command}", command=command))
    return 0


def _answer(given: str | None, question: str) -> str:
    return (given if given is not None else input(say(question))).strip()


def _password(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    return getpass.getpass(say("Password: "))
