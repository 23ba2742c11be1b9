from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kodeks_exporter.config.inventories import ImportSummary, InventoryError, import_inventories
from kodeks_exporter.config.load import load
from kodeks_exporter.domain.secret import Secret
from kodeks_exporter.settings.fleet import Mode
from kodeks_exporter.settings.settings import Settings

MANAGERS = (
    "\ufeff10.0.0.5:8080,ivanova,ivanova@dealer.example,http,download,upload,process,ping,-1,3600,604800\r\n"
    "\r\n"
    "   \r\n"
    "....................\r\n"
    ".old.example:80,ivanova,ivanova@dealer.example,http,download,upload,process,ping,-1,3600,604800\r\n"
    " Srv.Romashka.example:8443 , petrov ,petrov@dealer.example, HTTPS ,download,upload,process,"
    "donotping,0,7200,604800\r\n"
    "10.0.0.5:8080,petrov,petrov@dealer.example,http,download,upload,process,ping,-1,3600,604800\r\n"
    "only,three,fields\r\n"
    '0599client,ivanova,"ivanova@dealer.example, second@dealer.example",smartupload,download,upload,process,'
    "donotping,2,3600,604800\r\n"
    "Ромашка-Юг,ivanova,ivanova@dealer.example,smartupload,download,upload,process,donotping,3,3600,604800\r\n"
    "10.0.0.6,ivanova,ivanova@dealer.example,ftp,download,upload,process,ping,-1,3600,604800\r\n"
    "10.0.0.7:80,ivanova,ivanova@dealer.example,http,donotdownload,upload,process,ping,1,3600,604800,,\r\n"
    "10.0.0.8:99999,ivanova,ivanova@dealer.example,http,download,upload,process,ping,1,3600,604800\r\n"
    "10.0.0.9:80,ivanova,ivanova@dealer.example,http,download,upload,process,ping,77,3600,604800"
)
ONLINE = (
    '"ООО ""Ромашка"", филиал",u123,pass-one,nps2.example,kodeks02,https,ivanova,ivanova@dealer.example\n'
    'ООО "Василёк",u124, pass-two ,nps2.example,/kodeks02/,HTTP,petrov,petrov@dealer.example\n'
    'ООО Лютик,u125,"pass-th,ree",nps2.example,kodeks02,https,petrov,petrov@dealer.example\n'
    "ООО Лютик,u126,pass-fo,ur,nps2.example,kodeks02,https,petrov,petrov@dealer.example\n"
    '"unclosed,u127,pass-five,nps2.example,kodeks02,https,petrov,petrov@dealer.example\n'
    "ООО Лютик,u125,pass-six,nps2.example,kodeks02,https,petrov,petrov@dealer.example\n"
    "ООО Лютик,u125,pass-seven,nps3.example,kodeks02,https,petrov,petrov@dealer.example\n"
    ".ООО Ушедшие,u128,pass-eight,nps2.example,kodeks02,https,petrov,petrov@dealer.example\n"
    "ООО Пустые,u129,,nps2.example,kodeks02,https,petrov,petrov@dealer.example\n"
    "ООО Странные,u130,pass-nine,nps2 example,kodeks02,https,petrov,petrov@dealer.example\n"
)


def imported(folder: Path, managers: str = MANAGERS, online: str = ONLINE) -> tuple[ImportSummary, Settings]:
    (folder / "managers.csv").write_bytes(managers.encode())
    (folder / "online.csv").write_bytes(online.encode())
    output = folder / "out" / "kodeks.yml"
    summary = import_inventories(folder / "managers.csv", folder / "online.csv", output)
    return summary, load(output, {})


def test_reachable_installations(tmp_path: Path) -> None:
    installations = imported(tmp_path)[1].fleet.installations
    first = installations["10.0.0.5:8080"]
    assert (first.url, first.manager, first.mode) == ("http://10.0.0.5:8080", "ivanova", Mode.PULL)
    assert first.time_zone.key == "Europe/Moscow"
    assert not first.disabled_checks
    second = installations["srv.romashka.example:8443"]
    assert (second.url, second.manager) == ("https://srv.romashka.example:8443", "petrov")
    assert second.time_zone.key == "Europe/Saratov"
    assert second.disabled_checks == {"icmp"}
    unloaded = installations["10.0.0.7:80"]
    assert (unloaded.mode, unloaded.url) == (Mode.PUSH, "http://10.0.0.7:80"), "live checks stay, downloads do not"
    assert unloaded.time_zone.key == "Asia/Yekaterinburg"


def test_pushing_installations(tmp_path: Path) -> None:
    summary, loaded = imported(tmp_path)
    pushing = loaded.fleet.installations["0599client"]
    assert (pushing.mode, pushing.url, pushing.time_zone.key) == (Mode.PUSH, "", "Asia/Omsk")
    assert loaded.fleet.installations["Romashka-Yug"].client == "Ромашка-Юг"
    assert "Ромашка-Юг is named Romashka-Yug now: its script must upload Romashka-Yug.zip" in str(summary)


def test_managers(tmp_path: Path) -> None:
    managers = imported(tmp_path)[1].fleet.managers
    assert managers["ivanova"].email == ("ivanova@dealer.example", "second@dealer.example")
    assert managers["petrov"].email == ("petrov@dealer.example",)


def test_online_accesses(tmp_path: Path) -> None:
    accesses = imported(tmp_path)[1].fleet.online_accesses
    first = accesses["ooo-romashka-filial-u123"]
    assert first.client == 'ООО "Ромашка", филиал'
    assert first.url == "https://nps2.example/kodeks02"
    assert (first.credentials.username, first.credentials.password) == ("u123", Secret("pass-one"))
    second = accesses["ooo-vasilek-u124"]
    assert (second.client, second.url) == ('ООО "Василёк"', "http://nps2.example/kodeks02")
    assert second.credentials.password == Secret("pass-two")
    assert accesses["unclosed-u127"].credentials.password == Secret("pass-five"), "a lost quote spoils no other row"
    lyutik = {access.url: access.credentials.password for access in accesses.values() if access.client == "ООО Лютик"}
    assert lyutik == {
        "https://nps2.example/kodeks02": Secret("pass-th,ree"),
        "https://nps3.example/kodeks02": Secret("pass-seven"),
    }


def test_rows_that_are_left_out_are_told_by_line(tmp_path: Path) -> None:
    summary, _ = imported(tmp_path)
    rejected = {(Path(note.file).name, note.line): note.message for note in summary.rejected}
    assert set(rejected) == {
        ("managers.csv", 8),
        ("managers.csv", 11),
        ("managers.csv", 13),
        ("online.csv", 4),
        ("online.csv", 9),
        ("online.csv", 10),
    }
    assert rejected["managers.csv", 8] == "has 3 fields instead of 11"
    assert "port" in rejected["managers.csv", 13]
    assert {(Path(note.file).name, note.line) for note in summary.duplicates} == {
        ("managers.csv", 7),
        ("online.csv", 6),
    }
    assert summary.commented == 3
    assert (summary.managers, summary.installations, summary.online_accesses) == (2, 6, 5)


def test_oddities_are_noted(tmp_path: Path) -> None:
    text = str(imported(tmp_path)[0])
    assert "managers.csv:6: download period is 7200 s, not 3600 s" in text
    assert "managers.csv:14: the shift from Saratov (field 9)" in text


def test_passwords_stand_in_their_files_only(tmp_path: Path) -> None:
    summary, _ = imported(tmp_path)
    out = tmp_path / "out"
    assert "pass-" not in str(summary) + repr(summary) + (out / "kodeks.yml").read_text("utf-8")
    assert stat.S_IMODE((out / "secrets").stat().st_mode) == 0o700
    files = list((out / "secrets").iterdir())
    assert len(files) == summary.secrets == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_names_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = ONLINE.splitlines(keepends=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    there = imported(tmp_path / "a", online="".join(rows[:5] + rows[6:]))[1].fleet.online_accesses
    back = imported(tmp_path / "b", online="".join(reversed(rows[:5] + rows[6:])))[1].fleet.online_accesses
    assert set(there) == set(back)


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    csv = tmp_path / "online.csv"
    csv.write_text(ONLINE, "utf-8")
    output = tmp_path / "kodeks.yml"
    output.write_text("mine\n")
    with pytest.raises(InventoryError, match="exists already"):
        import_inventories(None, csv, output)
    assert output.read_text() == "mine\n"
    assert not (tmp_path / "secrets").exists()

    import_inventories(None, csv, output, force=True)
    output.unlink()
    with pytest.raises(InventoryError, match="exists already"):
        import_inventories(None, csv, output)
    csv.write_text(ONLINE.replace("pass-one", "pass-new"), "utf-8")
    import_inventories(None, csv, output, force=True)
    loaded = load(output, {}).fleet.online_accesses["ooo-romashka-filial-u123"]
    assert loaded.credentials.password == Secret("pass-new")


def test_windows_1251_is_understood(tmp_path: Path) -> None:
    csv = tmp_path / "online.csv"
    csv.write_bytes("ООО Ромашка,u1,p,nps2.example,k,https,ivanova,i@dealer.example\r\n".encode("windows-1251"))
    import_inventories(None, csv, tmp_path / "kodeks.yml")
    assert load(tmp_path / "kodeks.yml", {}).fleet.online_accesses["ooo-romashka-u1"].client == "ООО Ромашка"


def test_empty_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "managers.csv").write_bytes(b"\xef\xbb\xbf\r\n....\r\n")
    summary = import_inventories(tmp_path / "managers.csv", None, tmp_path / "kodeks.yml")
    assert (summary.installations, summary.commented) == (0, 1)
    assert load(tmp_path / "kodeks.yml", {}).fleet.installations == {}
    with pytest.raises(InventoryError, match="No such file"):
        import_inventories(tmp_path / "none.csv", None, tmp_path / "other.yml")
    with pytest.raises(InventoryError, match="nothing to import"):
        import_inventories(None, None, tmp_path / "other.yml")


def test_a_row_rejected_does_not_hide_a_good_one(tmp_path: Path) -> None:
    """The same server twice, badly written at first: the second row counts."""
    tail = "download,upload,process,ping,-1,3600,604800\n"
    text = f"10.0.0.5:80,ivanova,no-mail,http,{tail}10.0.0.5:80,ivanova,i@dealer.example,http,{tail}"
    summary, loaded = imported(tmp_path, managers=text, online="")
    assert len(summary.rejected) == 1
    assert list(loaded.fleet.installations) == ["10.0.0.5:80"]


_FIELD = st.text(st.sampled_from('abАю019.:-_@ \t"«»$&{}*!#%\x0b\u2028'), max_size=10)
_LINE = st.one_of(
    st.lists(_FIELD, min_size=7, max_size=12).map(",".join),
    st.tuples(_FIELD, _FIELD, _FIELD, _FIELD, _FIELD).map(
        lambda f: f"{f[0]},{f[1]},{f[2]},nps.example,{f[3]},https,m{f[4]},m@dealer.example"
    ),
    st.tuples(_FIELD, _FIELD).map(
        lambda f: f"{f[0]},m{f[1]},m@dealer.example,smartupload,download,upload,process,donotping,2,3600,604800"
    ),
)


@given(managers=st.lists(_LINE, max_size=6), online=st.lists(_LINE, max_size=6))
@settings(max_examples=150)
def test_whatever_is_imported_loads(
    tmp_path_factory: pytest.TempPathFactory, managers: list[str], online: list[str]
) -> None:
    summary, loaded = imported(tmp_path_factory.mktemp("any"), "\n".join(managers), "\r\n".join(online))
    assert len(loaded.fleet.installations) == summary.installations
    assert len(loaded.fleet.online_accesses) == summary.online_accesses


def test_output_is_plain_yaml_for_people(tmp_path: Path) -> None:
    imported(tmp_path)
    text = (tmp_path / "out" / "kodeks.yml").read_text("utf-8")
    assert "Ромашка" in text
    assert yaml.safe_load(text)["installations"][0]["name"] == "10.0.0.5:8080"
