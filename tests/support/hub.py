"""A model hub on loopback that can be slow, cut connections and lie; and a wheelhouse for pip."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["Hub", "make_wheel"]


@dataclass
class Hub:
    """Serves one body under every path.

    ``cut`` ends the next answer after that many bytes; ``stall`` holds it there for good.
    """

    body: bytes
    ranges: bool = True
    cut: int | None = None
    stall: bool = False
    asked: list[int] = field(default_factory=list)
    """Where each request's answer began."""
    sent: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The hub's base URL."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            self.done.set()
            server.shutdown()
            thread.join()
            server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and self.ranges else 0
        self.asked.append(start)
        size = len(self.body)
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        request.send_header("Content-Length", str(size - start))
        request.end_headers()
        end, self.cut = size if self.cut is None else self.cut, None
        request.wfile.write(self.body[start:end])
        self.sent += end - start
        if end < size:
            request.wfile.flush()
            self.reached.set()
            if self.stall:
                self.done.wait(60)
            request.close_connection = True


def make_wheel(folder: Path, name: str, member: str, data: bytes, version: str = "1.0") -> Path:
    """A wheel with one data file; its module would raise if anybody imported it."""
    folder.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = folder / f"{module}-{version}-py3-none-any.whl"
    files = {
        f"{module}/__init__.py": b"raise SystemExit('this must never run')\n",
        member: data,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
        record = "".join(f"{inside},,\n" for inside in [*files, f"{info}/RECORD"])
        archive.writestr(f"{info}/RECORD", record)
    return path
