"""Builds a kodeks.yml from the inventories that distributors keep today: managers.csv and online.csv.

Passwords go to files of their own, each readable by its owner only; no message ever repeats one, nor a whole row. A row
that can't be imported is reported with its line; the others are imported.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from kodeks_exporter.config.csvrows import Commented, CsvRow, InventoryError, read_rows
from kodeks_exporter.config.files import write_whole
from kodeks_exporter.config.problems import key_path
from kodeks_exporter.config.secrets import Surroundings
from kodeks_exporter.config.transliterate import latin
from kodeks_exporter.config.typed import read
from kodeks_exporter.settings.fleet import Installation, Manager, OnlineAccess

__all__ = ["ImportSummary", "InventoryError", "Note", "import_inventories"]

MANAGERS_WIDTH: Final = 11
ONLINE_WIDTH: Final = 8
FLAGS: Final = ("download", "upload", "process", "ping")
USUAL_PERIODS: Final = ("3600", "604800")
"""Seconds between sysinfo downloads and between uploads to АСРП in nearly every row."""
_ZONES: Final = (
    "Europe/Kaliningrad Europe/Moscow Europe/Saratov Asia/Yekaterinburg Asia/Omsk Asia/Krasnoyarsk Asia/Irkutsk"
    " Asia/Yakutsk Asia/Vladivostok Asia/Magadan Asia/Kamchatka"
)
ZONES: Final = dict(enumerate(_ZONES.split(), start=-2))
"""Offset in hours from Saratov (UTC+4) to a Russian zone with that offset."""
_HEADER: Final = """\
# Made by `kodeks-exporter import`. Check it with `kodeks-exporter check-config`, complete it by hand
# (clients' names, known addresses, monitor accounts, branches, working hours): docs/configuration.md.
"""


@dataclass(frozen=True)
class Note:
    """A remark about an inventory; ``line`` 0: about the whole file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True)
class ImportSummary:
    """The result. ``rejected``: rows not imported; ``duplicates``: rows that repeat an earlier one; ``notes``:
    imported, but worth checking; ``commented``: rows disabled with dots."""

    output: Path
    managers: int
    installations: int
    online_accesses: int
    secrets: int
    commented: int
    rejected: tuple[Note, ...]
    duplicates: tuple[Note, ...]
    notes: tuple[Note, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.output}: {self.managers} managers, {self.installations} installations, "
            f"{self.online_accesses} online accesses; {self.secrets} passwords in files of their own",
            f"left out: {len(self.rejected)} bad rows, {len(self.duplicates)} duplicates, "
            f"{self.commented} commented out",
        ]
        for title, notes in (("bad rows", self.rejected), ("duplicates", self.duplicates), ("notes", self.notes)):
            if notes:
                lines += [f"{title}:", *(f"  {note}" for note in notes)]
        return "\n".join(lines)


def import_inventories(
    managers_csv: Path | None, online_csv: Path | None, output: Path, *, force: bool = False
) -> ImportSummary:
    """Writes ``output`` and, beside it, ``secrets/`` (mode 0700) with a file (0600) for each password.

    Nothing that exists is overwritten unless ``force``. Raises InventoryError before anything is written.
    """
    if managers_csv is None and online_csv is None:
        raise InventoryError("nothing to import: give managers.csv, online.csv or both")
    if output.exists() and not force:
        raise InventoryError(f"{output} exists already; choose another name, or force to replace it")
    draft = _Draft()
    if managers_csv is not None:
        draft.read_managers(managers_csv)
    if online_csv is not None:
        draft.read_online(online_csv)
    passwords = draft.name_entries()
    folder = output.parent / "secrets"
    taken = [name for name in passwords if (folder / name).exists()]
    if taken and not force:
        raise InventoryError(f"{folder / taken[0]} exists already; move it away, or force to replace it")
    try:
        _write_passwords(folder, passwords)
        write_whole(output, (_HEADER + draft.yaml()).encode())
    except OSError as error:
        raise InventoryError(f"{error.filename or output} can't be written: {error.strerror}") from None
    return ImportSummary(
        output=output,
        managers=len(draft.managers),
        installations=len(draft.installations),
        online_accesses=len(draft.online),
        secrets=len(passwords),
        commented=draft.commented,
        rejected=tuple(draft.rejected),
        duplicates=tuple(draft.duplicates),
        notes=draft.all_notes(),
    )


@dataclass
class _Entry:
    """``origin`` is what the name is made of; ``wanted`` the name before collisions are settled."""

    origin: str
    wanted: str
    data: dict[str, Any]
    file: str
    line: int
    password: str = field(default="", repr=False)


class _Draft:
    def __init__(self) -> None:
        self.managers: dict[str, list[str]] = {}
        self.installations: list[_Entry] = []
        self.online: list[_Entry] = []
        self.commented = 0
        self.rejected: list[Note] = []
        self.duplicates: list[Note] = []
        self.notes: list[Note] = []
        self._oddities: dict[tuple[str, str], list[int]] = {}

    def read_managers(self, path: Path) -> None:
        seen: dict[str, int] = {}
        for row in self._rows(path, MANAGERS_WIDTH):
            where, manager, email, kind, *flags = row.fields[:8]
            kind = kind.lower()
            pushing = kind == "smartupload"
            origin = where if pushing else where.lower()
            if self._repeated(path, row, seen.get(origin)):
                continue
            if not pushing and kind not in ("http", "https"):
                self._reject(path, row, "the fourth field must be http, https or smartupload")
                continue
            oddities: list[str] = []
            downloads, uploads, processes, pings = (
                _flag(text, word, oddities) for text, word in zip(flags, FLAGS, strict=True)
            )
            data: dict[str, Any] = {"name": "", "client": where, "manager": manager}
            data["mode"] = "push" if pushing or not downloads else "pull"
            if not pushing:
                data["url"] = f"{kind}://{origin}"
            zone = _zone(row.fields[8])
            if zone:
                data["time_zone"] = zone
            else:
                oddities.append("the shift from Saratov (field 9) is none of -2 to 8: set time_zone by hand")
            if not pings:
                data["checks"] = {"icmp": False}
            if not uploads:
                oddities.append("was not uploaded to АСРП (donotupload)")
            if not processes:
                oddities.append("was not processed (donotprocess): its reports will be, as all others")
            oddities += _periods(row.fields[9:])
            if self._take(path, row, _Entry(origin, latin(origin) or "unnamed", data, str(path), row.line), email):
                seen[origin] = row.line
                for text in oddities:
                    self._oddities.setdefault((str(path), text), []).append(row.line)
        self._general_notes(path)

    def read_online(self, path: Path) -> None:
        seen: dict[str, int] = {}
        for row in self._rows(path, ONLINE_WIDTH):
            firm, login, password, host, folder, scheme, manager, email = row.fields
            folder = folder.strip("/")
            origin = f"{login}@{host.lower()}/{folder}"
            if self._repeated(path, row, seen.get(origin)):
                continue
            if scheme.lower() not in ("http", "https"):
                self._reject(path, row, "the sixth field must be http or https")
                continue
            if not password or not login or not folder:
                self._reject(path, row, "login, password and folder must not be empty")
                continue
            data: dict[str, Any] = {
                "name": "",
                "client": firm,
                "manager": manager,
                "url": f"{scheme.lower()}://{host.lower()}/{folder}",
                "credentials": {"username": login},
            }
            parts = (latin(firm)[:40].strip("-.:").lower(), latin(login)[:80])
            wanted = "-".join(part for part in parts if part) or "unnamed"
            if self._take(path, row, _Entry(f"{firm} {origin}", wanted, data, str(path), row.line, password), email):
                seen[origin] = row.line

    def name_entries(self) -> dict[str, str]:
        """Gives every entry its final name; returns the passwords by the names of their files."""
        for entries in (self.installations, self.online):
            wanted = Counter(entry.wanted for entry in entries)
            for entry in entries:
                name = entry.wanted
                if wanted[name] > 1 and name != entry.origin:
                    name += "-" + hashlib.sha256(entry.origin.encode()).hexdigest()[:8]
                entry.data["name"] = name
                if name != entry.origin and entry.data.get("mode") == "push" and "url" not in entry.data:
                    text = f"{entry.origin} is named {name} now: its script must upload {name}.zip"
                    self.notes.append(Note(entry.file, entry.line, text))
        passwords = {}
        for entry in self.online:
            file = f"online-{entry.data['name']}"
            entry.data["credentials"]["password_file"] = f"secrets/{file}"
            passwords[file] = entry.password
        return passwords

    def yaml(self) -> str:
        whole = {
            "managers": [{"name": name, "email": email} for name, email in sorted(self.managers.items())],
            "installations": [entry.data for entry in self.installations],
            "online_accesses": [entry.data for entry in self.online],
        }
        return yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=1000)

    def all_notes(self) -> tuple[Note, ...]:
        """One note for each oddity, however many rows have it, after those of single rows."""
        grouped = (
            Note(file, lines[0], f"{text}; lines {_listed(lines)}" if len(lines) > 1 else text)
            for (file, text), lines in self._oddities.items()
        )
        return (*self.notes, *grouped)

    def _rows(self, path: Path, width: int) -> Iterable[CsvRow]:
        for row in read_rows(path, width):
            if isinstance(row, Commented):
                self.commented += 1
            elif len(row.fields) != width:
                hint = "; are the fields separated by ';'?" if len(row.fields) == 1 else ""
                self._reject(path, row, f"has {len(row.fields)} fields instead of {width}{hint}")
            else:
                yield row

    def _take(self, path: Path, row: CsvRow, entry: _Entry, email: str) -> bool:
        """Keeps the entry if the configuration would accept it, so that the result always loads."""
        emails = [part for part in re.split(r"[;,\s]+", email) if part]
        checked: dict[str, Any] = {**entry.data, "name": entry.wanted}
        model: type[Installation | OnlineAccess] = Installation
        if "checks" in checked:  # plain data has the text of the file
            checked["checks"] = {name: str(on).lower() for name, on in checked["checks"].items()}
        if "credentials" in entry.data:
            model = OnlineAccess
            checked["credentials"] = {**entry.data["credentials"], "password": "not shown"}
        surroundings = Surroundings(Path(), {})
        findings = read(model, checked, surroundings)[1]
        findings += read(Manager, {"name": entry.data["manager"], "email": list(emails)}, surroundings)[1]
        if findings:
            self._reject(path, row, "; ".join(f"{key_path(loc)} {message}" for loc, message in findings))
            return False
        known = self.managers.setdefault(entry.data["manager"], [])
        if known and any(address not in known for address in emails):
            self.notes.append(Note(str(path), row.line, f"manager {entry.data['manager']} has one more e-mail here"))
        known += [address for address in emails if address not in known]
        (self.online if "credentials" in entry.data else self.installations).append(entry)
        return True

    def _reject(self, path: Path, row: CsvRow, message: str) -> None:
        self.rejected.append(Note(str(path), row.line, message))

    def _repeated(self, path: Path, row: CsvRow, first: int | None) -> bool:
        if first is not None:
            self.duplicates.append(Note(str(path), row.line, f"repeats line {first}, which counts"))
        return first is not None

    def _general_notes(self, path: Path) -> None:
        modes = Counter("url" in entry.data for entry in self.installations)
        if modes[True]:
            text = "has no clients' names for reachable servers: client is host:port, put the names in"
            self.notes.append(Note(str(path), 0, text))
        if modes[False]:
            text = "has installations that upload: add their tokens as dealers, see docs/configuration.md"
            self.notes.append(Note(str(path), 0, text))


def _zone(shift: str) -> str | None:
    if re.fullmatch(r"[+-]?\d{1,2}", shift, re.ASCII) is None:
        return None
    return ZONES.get(int(shift))


def _flag(text: str, word: str, oddities: list[str]) -> bool:
    """True for the word itself, False for ``donot`` and the word; anything else is odd and counts as true."""
    known = {word: True, f"donot{word}": False}.get(text.lower())
    if known is None:
        oddities.append(f"has neither {word} nor donot{word} in its place: taken as {word}")
    return known is not False


def _periods(periods: Sequence[str]) -> Iterable[str]:
    for period, usual, what in zip(periods, USUAL_PERIODS, ("download", "АСРП upload"), strict=True):
        if period != usual:
            shown = f"{period} s" if re.fullmatch(r"\d{1,9}", period, re.ASCII) else "not a number"
            yield f"{what} period is {shown}, not {usual} s; one period (poll.sysinfo) serves all installations now"


def _listed(lines: Sequence[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:10])
    return f"{shown} and {len(lines) - 10} more" if len(lines) > 10 else shown


def _write_passwords(folder: Path, passwords: dict[str, str]) -> None:
    if passwords:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    for name, password in passwords.items():
        write_whole(folder / name, f"{password}\n".encode(), 0o600)
