"""A web server that answers as it is told, on a free port of this machine."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Request:
    """What was asked of it; names of headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """What it answers."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeWeb:
    """A server that answers as it is told.

    Attributes:
        answer: makes the answer to a request.
        asked: what was asked so far.
    """

    answer: Callable[[Request], Told] = lambda _request: Told()
    asked: list[Request] = field(default_factory=list)

    @contextmanager
    def running(self, secured: ssl.SSLContext | None = None) -> Iterator[str]:
        """Serve; the address."""
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.casefold(): value for name, value in self.headers.items()}
                request = Request(self.command or "", self.path, headers, self.rfile.read(length))
                web.asked.append(request)
                told = web.answer(request)
                self.send_response(told.status)
                self.send_header("Content-Type", told.media_type)
                self.send_header("Content-Length", str(len(told.body)))
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(told.body)

            do_GET = do_POST = do_HEAD = do  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        scheme = "http"
        if secured is not None:
            server.socket = secured.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
