"""``python -m demo.screenshots``: makes the pictures of the README from what the stack really shows and sends.

Breaks some installations of the demonstration's fleet, waits for the messages, and has Chromium draw the status page,
a mail, a Telegram message and the page behind its link into docs/screenshots. Mail and Telegram have no look of their
own here: the received markup is put into a plain frame, as a mail program or Telegram would put it into theirs.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from demo import browser, fleet, tools
from demo.processes import ChildDiedError
from demo.sinks import Mail, TelegramMessage
from demo.stack import EVERYTHING, MissingProgramsError, Stack

FOLDER = tools.ROOT / "docs" / "screenshots"
MAX_BYTES = 150_000
"""Of one picture: they live in the repository."""

_SECONDS = 120.0
_DESKTOP, _PHONE = (1200, 780), (390, 844)
_MAIL_WIDTH, _TELEGRAM_WIDTH = 760, 480
_SIGNS = {
    "🔴": '<span style="color: #d0342c">●</span>',
    "🟡": '<span style="color: #e0a100">●</span>',
    "✅": '<span style="color: #2e8b3d">✔</span>',
}
"""Signs of the messages as letters of any font: the machine that draws has no emoji, while people's phones do."""
_MEASURED = re.compile(r'data-height="(\d+)"')
_LINK = re.compile(r'href="([^"]*/acknowledge\?[^"]*)"')
"""To the page by which an alert is taken, in a message's markup."""

_MAIL_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ box-sizing: border-box; width: {width}px; margin: 0; padding: 16px; background: #e9ecf0; color: #1c2024;
  font: 14px/1.45 sans-serif }}
main {{ background: #fff; border: 1px solid #d3d8de; border-radius: 8px; overflow: hidden }}
header {{ padding: 14px 18px; border-bottom: 1px solid #e3e6ea; background: #fafbfc }}
h1 {{ margin: 0 0 6px; font-size: 17px }}
header div {{ color: #5b6570 }}
iframe {{ display: block; width: 100%; border: 0 }}
</style>
<main><header><h1>{subject}</h1><div>От: {sender}</div><div>Кому: {to}</div></header>
<iframe sandbox="allow-same-origin" srcdoc="{body}"></iframe></main>
<script>
const frame = document.querySelector("iframe");
function measure() {{
  frame.style.height = frame.contentDocument.documentElement.scrollHeight + "px";
  document.body.dataset.height = Math.ceil(document.body.getBoundingClientRect().height);
}}
addEventListener("load", measure);
</script>
"""

_TELEGRAM_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ box-sizing: border-box; width: {width}px; margin: 0; padding: 20px; background: #cfdfc7; color: #111;
  font: 15px/1.4 sans-serif }}
main {{ background: #fff; border-radius: 14px 14px 14px 4px; padding: 10px 14px 8px; white-space: pre-wrap;
  overflow-wrap: anywhere; box-shadow: 0 1px 2px #0003 }}
.from {{ color: #2f7fc1; font-weight: bold; margin-bottom: 2px }}
.time {{ color: #8a949e; font-size: 12px; text-align: right }}
a {{ color: #2f7fc1 }}
blockquote {{ margin: 4px 0; padding-left: 10px; border-left: 3px solid #2f7fc1 }}
</style>
<main><div class="from">Мониторинг Кодекс</div>{body}<div class="time">{time}</div></main>
<script>
addEventListener("load", () => {{
  document.body.dataset.height = Math.ceil(document.body.getBoundingClientRect().height);
}});
</script>
"""


def main() -> int:
    """0: all pictures are there; 1: something did not start, a message did not come, a picture is too large."""
    if tools.find("chromium") is None:
        print("на этой машине нет chromium: его приносит ./run screenshots", file=sys.stderr)
        return 1
    stack = Stack(EVERYTHING, progress=print)
    try:
        stack.start()
        _draw_all(stack)
    except (ChildDiedError, MissingProgramsError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"Не получилось: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        stack.stop()
    return 0


def _draw_all(stack: Stack) -> None:
    camera = _Camera(stack.directory)
    print("первый круг проверок")
    _wait_until(lambda: _reads(f"{stack.exporter_url}/-/ready") is not None, "экспортёр не готов")
    print("ломаем: ключ, DNS площадки, прокси, каталог, обслуживание")
    stack.stand.fault("romashka", "key_lost", code=4111)
    stack.stand.fault(fleet.HOSTING, "dns_servfail")
    stack.stand.fault("zavod", "port_closed")
    stack.stand.fault("sever", "catalog_broken")
    stack.stand.fault("vesna", "maintenance")
    print("ждём сообщений")
    mail = stack.mails.wait_for(lambda each: "DNS" in each.subject, _SECONDS)
    telegram = stack.telegrams.wait_for(lambda each: "Ромашка" in each.text, _SECONDS)
    _wait_until(lambda: "Сбой" in (_reads(stack.exporter_url) or ""), "на странице состояния нет сбоев")

    FOLDER.mkdir(parents=True, exist_ok=True)
    camera.shoot(f"{stack.exporter_url}/", _DESKTOP, "status.png")
    camera.shoot(f"{stack.exporter_url}/", _PHONE, "status-phone.png")
    camera.shoot_whole(_mail_page(mail), _MAIL_WIDTH, "mail.png")
    camera.shoot_whole(_telegram_page(telegram), _TELEGRAM_WIDTH, "telegram.png")
    camera.shoot(_link(telegram), _PHONE, "acknowledge.png")


def _link(message: TelegramMessage) -> str:
    found = _LINK.search(message.markup)
    if found is None:
        raise ValueError("в сообщении Telegram нет ссылки «Взять в работу»")
    return html.unescape(found[1])


def _mail_page(mail: Mail) -> str:
    return _MAIL_PAGE.format(
        width=_MAIL_WIDTH,
        subject=_signs(html.escape(mail.subject)),
        sender=html.escape(mail.sender),
        to=html.escape(", ".join(mail.to)),
        body=html.escape(_signs(mail.html)),
    )


def _telegram_page(message: TelegramMessage) -> str:
    # The sink took the markup, so it is Telegram's subset of HTML and nothing else.
    body = _signs(message.markup.strip())
    return _TELEGRAM_PAGE.format(width=_TELEGRAM_WIDTH, body=body, time=time.strftime("%H:%M"))


def _signs(markup: str) -> str:
    for sign, drawn in _SIGNS.items():
        markup = markup.replace(sign, drawn)
    return markup


class _Camera:
    """Chromium without a window. ``directory``: for pages and profiles, removed with the run."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = 0

    def shoot(self, url: str, size: tuple[int, int], name: str) -> None:
        """Draws what fits into the window. ValueError: the picture is too large for the repository."""
        picture = FOLDER / name
        self._run(url, size, f"--screenshot={picture}")
        weight = picture.stat().st_size
        if weight > MAX_BYTES:
            raise ValueError(f"{picture}: {weight} байт, а можно {MAX_BYTES}")
        print(f"{picture.relative_to(tools.ROOT)}: {weight // 1000} КБ")

    def shoot_whole(self, page: str, width: int, name: str) -> None:
        """Draws a page that tells its own height in ``data-height``."""
        file = self._directory / f"{name}.html"
        file.write_text(page, encoding="utf-8")
        measured = _MEASURED.search(self._run(file.as_uri(), (width, 200), "--dump-dom"))
        if measured is None:
            raise ValueError(f"{name}: Chromium не измерил страницу")
        self.shoot(file.as_uri(), (width, int(measured[1])), name)

    def _run(self, url: str, size: tuple[int, int], *flags: str) -> str:
        self._number += 1
        profile = self._directory / f"chromium-{self._number}"
        command = browser.command(profile, f"--window-size={size[0]},{size[1]}", *flags, url)
        done = subprocess.run(command, capture_output=True, timeout=120, check=True)
        return done.stdout.decode()


def _reads(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def _wait_until(ready: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise ValueError(complaint)
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
