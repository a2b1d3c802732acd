"""A real browser without a screen: Chromium, driven over its own DevTools protocol."""

import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

_WAIT_S = 20.0

_FLAGS = (
    "--headless",
    "--remote-debugging-port=0",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # root cannot have one
)
_CODES = {" ": ("Space", 32), "ArrowLeft": ("", 37), "ArrowRight": ("", 39)}


class Page:
    """One page of the browser.

    Attributes:
        complaints: What the console, the network and the policy found wrong with it
            since it was opened.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.complaints: list[str] = []
        self._connection = connection
        self._number = 0
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict[str, object]:
        """Return the answer to a command of the DevTools protocol."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        self._connection.send(json.dumps(command))
        while True:
            message = json.loads(self._connection.recv(timeout=_WAIT_S))
            if message.get("id") == self._number:
                assert "error" not in message, (method, message)
                result: dict[str, object] = message["result"]
                return result
            self._note(message)

    def open(self, path: Path) -> None:
        """Open a file, and wait until it is there."""
        self.complaints.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait_for(
            f"document.readyState === 'complete' && location.href === '{path.as_uri()}'"
        )

    def evaluate(self, expression: str) -> object:
        """Return the value of an expression within the page."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in answer, (expression, answer)
        result = answer["result"]
        assert isinstance(result, dict)
        return result.get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until the expression is true."""
        end_s = time.monotonic() + _WAIT_S
        while not self.evaluate(condition):
            assert time.monotonic() < end_s, condition

    def press(self, key: str) -> None:
        """Press and release a key."""
        code, number = _CODES.get(key, ("", 0))
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code,
                windowsVirtualKeyCode=number,
                **text,
            )

    def click(self, selector: str) -> None:
        """Click on the middle of the first element that *selector* finds."""
        box = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        assert isinstance(box, list)
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=box[0],
                y=box[1],
                button="left",
                clickCount=1,
            )

    def resize(self, width: int, height: int, *, scale: float = 1) -> None:
        """Give the page a size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, scheme: str) -> None:
        """Prefer the colours of *scheme*, ``dark`` or ``light``."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def take_picture(self) -> bytes:
        """Return what is to be seen, as PNG."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        assert isinstance(data, str)
        return b64decode(data)

    def _note(self, message: dict[str, object]) -> None:
        if message.get("method") in {
            "Runtime.exceptionThrown",
            "Runtime.consoleAPICalled",
            "Log.entryAdded",
        }:
            self.complaints.append(json.dumps(message["params"]))


@contextmanager
def open_browser() -> Iterator[Page]:
    """Run Chromium with an empty profile, and yield its page."""
    assert CHROMIUM
    with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_find_page(Path(profile)), max_size=None) as connection:
                yield Page(connection)
        finally:
            process.kill()
            process.wait()


def _find_page(profile: Path) -> str:
    """Return the address of the page, once the browser has told its own."""
    told = profile / "DevToolsActivePort"
    end_s = time.monotonic() + _WAIT_S
    while not (told.exists() and (lines := told.read_text().splitlines())[1:]):
        assert time.monotonic() < end_s, "the browser did not start"
    port, path = lines
    with connect(f"ws://127.0.0.1:{port}{path}") as browser:
        browser.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        targets = json.loads(browser.recv(timeout=_WAIT_S))["result"]["targetInfos"]
    [page] = [one["targetId"] for one in targets if one["type"] == "page"]
    return f"ws://127.0.0.1:{port}/devtools/page/{page}"
