"""``kodeks-exporter add``: one more installation; asks for the few things that can't be found out."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from kodeks_exporter.config.newcomer import Newcomer, NotAddedError, add

_QUESTIONS = {
    "client": "Клиент (как в письмах, например ООО «Ромашка»): ",
    "manager": "Менеджер (имя из managers, латиницей): ",
    "url": "Адрес сервера, http://узел:порт (пусто: сервер сам присылает отчёты): ",
    "username": "Логин мониторинга (пусто: без логина): ",
}


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--client", metavar="TEXT", help="client as messages name it")
    command.add_argument("--manager", metavar="NAME", help="who looks after the client")
    command.add_argument("--url", metavar="URL", help="http(s)://host:port; empty for a server that pushes")
    command.add_argument("--name", default="", metavar="NAME", help="label value; default the client in Latin letters")
    command.add_argument("--username", metavar="LOGIN", help="the monitor's account; empty for none")
    command.add_argument("--password-file", type=Path, metavar="FILE", help="its password; asked for when not given")


def run(options: argparse.Namespace) -> int:
    try:
        told = {key: _told(getattr(options, key), question) for key, question in _QUESTIONS.items()}
        password = _password(options.password_file) if told["username"] else ""
        name, written = add(options.config, Newcomer(**told, name=options.name, password=password))
    except (NotAddedError, EOFError) as error:
        print(f"kodeks-exporter add: {error or 'an answer is missing'}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"kodeks-exporter add: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    for path in written:
        print(f"written    {path}")
    print(f"next       kodeks-exporter survey --config.file {options.config} --apply {name}")
    return 0


def _told(given: str | None, question: str) -> str:
    return (given if given is not None else input(question)).strip()


def _password(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8-sig").rstrip("\r\n")
    return getpass.getpass("Пароль: ")
