"""Headless Chromium, driven through the DevTools protocol over a pipe: no driver, no open port."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
DEADLINE = 60.0


def find() -> str | None:
    """The browser's program, where it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """One browser process; close it."""

    def __init__(self, program: str, profile: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # bash puts the pipes where Chromium expects them: 3 to read, 4 to write
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (to_read, to_write)]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}', "bash", program, *FLAGS,
             f"--user-data-dir={profile}", "about:blank"],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (to_read, to_write, *ends):
            os.close(end)
        self._left = b""
        self._asked = 0
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer; what happens meanwhile goes to ``events``."""
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": params}
        if session is not None:
            asked["sessionId"] = session
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        while (message := self._receive()).get("id") != self._asked:
            self.events.append(message)
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']}")
        answer: dict[str, Any] = message["result"]
        return answer

    def wait_for(self, method: str, session: str) -> dict[str, Any]:
        """Wait for an event, also one that has come already."""
        while True:
            for at, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId") == session:
                    return self.events.pop(at)
            self.events.append(self._receive())

    def _receive(self) -> dict[str, Any]:
        until = time.monotonic() + DEADLINE
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(self._read, 1 << 16) if ready else b""
            if not piece:
                raise AssertionError("Chromium ended, or did not answer in a minute")
            self._left += piece
        line, _, self._left = self._left.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self, file: Path, **media: str) -> Tab:
        """Open a file in a tab of its own and wait until it is loaded."""
        return self.visit(file.resolve().as_uri(), **media)

    def visit(self, address: str, **media: str) -> Tab:
        """Open an address in a tab of its own and wait until it is loaded."""
        return Tab(self, address, media)

    def close(self) -> None:
        """End the browser."""
        try:
            self.send("Browser.close")
            self._process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait(10)
        finally:
            os.close(self._read)
            os.close(self._write)


class Tab:
    """One page, and what went wrong or over the network in it."""

    def __init__(self, browser: Chromium, address: str, media: dict[str, str]) -> None:
        self.browser = browser
        self.target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.send("Target.attachToTarget", targetId=self.target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        features = [
            {"name": f"prefers-{k.replace('_', '-')}", "value": v} for k, v in media.items()
        ]
        self.send("Emulation.setEmulatedMedia", features=features)
        self.send("Page.navigate", url=address)
        browser.wait_for("Page.loadEventFired", self.session)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        return self.browser.send(method, self.session, **params)

    def close(self) -> None:
        """Close the tab and forget its events."""
        self.browser.send("Target.closeTarget", targetId=self.target)
        self.browser.events.clear()

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression; what it throws fails the test."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key pressed and let go."""
        for kind in ("rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def click(self, selector: str) -> None:
        """A real click in the middle of an element."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', inline: 'center'});"
            " const r = e.getBoundingClientRect();"
            " return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send(
                "Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left",
                clickCount=1,
            )  # fmt: skip

    def screenshot(self, file: Path, width: int, height: int) -> None:
        """A picture of the page as a reader sees it."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=False,
        )  # fmt: skip
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def _seen(self, method: str) -> list[dict[str, Any]]:
        self.run("1")  # everything that happened before this has been received
        return [
            event["params"]
            for event in self.browser.events
            if event.get("sessionId") == self.session and event.get("method") == method
        ]

    @property
    def troubles(self) -> list[str]:
        """Exceptions, console messages and log entries, violations of the policy among them."""
        return [
            json.dumps(params)
            for method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
            for params in self._seen(method)
        ]

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for."""
        return [p["request"]["url"] for p in self._seen("Network.requestWillBeSent")]
