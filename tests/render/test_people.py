"""Managers by their names in messages, as Alertmanager's oldest version renders them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.render import fleets

MANAGERS = {
    "ivanova": {"full_name": "Мария Иванова", "phone": "+7 8452 00-00-01"},
    "petrov": {"phone": "+7 8452 00-00-02"},
    "sidorov": {},
    'о"к}}': {"full_name": 'Ольга "О" {{ .X }} \\К <b>'},
}


def test_messages_call_managers_by_name_and_phone(tool: Callable[[str], str], tmp_path: Path) -> None:
    result = fleets.rendered(
        tmp_path,
        managers=[
            {"name": name, "email": "m@dealer.example", "time_zone": "Asia/Omsk", **told}
            for name, told in MANAGERS.items()
        ],
    )
    folder = fleets.put(result, tmp_path / "output")

    def told(template: str, label: str) -> str:
        data = tmp_path / "data.json"
        data.write_text("{}")
        quoted = label.replace('"', '\\"')
        text = f'{{{{ template "{template}" "{quoted}" }}}}'
        return subprocess.run(
            [tool("amtool"), "template", "render", f"--template.glob={folder}/templates/*.tmpl",
             f"--template.text={text}"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    for template in ("kodeks.person", "kodeks.person Asia/Omsk"):
        assert told(template, "ivanova") == "Мария Иванова, +7 8452 00-00-01"
        assert told(template, "petrov") == "petrov, +7 8452 00-00-02"
        assert told(template, "sidorov") == "sidorov"
        assert told(template, "nobody") == "nobody"
        assert told(template, 'о"к}}') == 'Ольга "О" {{ .X }} \\К <b>'


def test_every_mail_names_the_manager_so() -> None:
    mail = (fleets.ROOT / "alertmanager" / "templates" / "mail.tmpl").read_text(encoding="utf-8")
    assert mail.count('{{ template "kodeks.person" . }}') == 2
