"""A phone: Chromium with a small touch screen, used as a thumb does, by DevTools' protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo import browser

WIDTH, HEIGHT = 390, 844
SECONDS = 30.0


class Phone:
    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._number = 0
        self._rest = b""
        self._session = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=2, mobile=True)
        self._call("Emulation.setTouchEmulationEnabled", enabled=True)

    def dark(self) -> None:
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def open(self, url: str) -> None:
        self._call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until the expression is true; a page on its way to another has none."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if self.ask(expression) is True:
                return
            time.sleep(0.05)
        raise AssertionError(f"not so in time: {expression}; {self.text()}")

    def text(self) -> str:
        return str(self.ask("document.body.innerText"))

    def tap(self, selector: str) -> None:
        """Puts a finger on the middle of the element, after scrolling there."""
        place = self.ask(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            " one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        point = {"x": place[0], "y": place[1]}
        self._call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
        self._call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        time.sleep(0.1)

    def empty(self, selector: str) -> None:
        """A field that was filled in beforehand."""
        self.ask(f"document.querySelector('{selector}').value = ''")

    def type(self, text: str) -> None:
        self._call("Input.insertText", text=text)

    def picture(self, file: Path) -> None:
        """The whole page, however long."""
        shot = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                piece = os.read(self._read, 65536)
                assert piece, "chromium is gone"
                self._rest += piece
            one, _, self._rest = self._rest.partition(b"\0")
            answer = json.loads(one)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]


@contextmanager
def phone(folder: Path) -> Iterator[Phone]:
    there_read, here_write = os.pipe()
    here_read, there_write = os.pipe()
    command = browser.command(folder / "profile", "--remote-debugging-pipe", "about:blank")
    # Chromium reads commands from descriptor 3 and writes answers to 4, which only a shell puts there safely.
    script = f'exec "$@" 3<&{there_read} 4>&{there_write}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", script, "chromium", *command],
        pass_fds=(there_read, there_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(there_read)
    os.close(there_write)
    try:
        yield Phone(here_write, here_read)
    finally:
        process.terminate()
        process.wait(20)
        os.close(here_write)
        os.close(here_read)
