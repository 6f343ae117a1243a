"""A receiver of webhooks on loopback, which can fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Receiver:
    """What a receiver got. ``status`` decides each response."""

    url: str = ""
    status: Callable[[], int] = lambda: 204
    accepted: list[dict[str, Any]] = field(default_factory=list)
    secrets: set[str | None] = field(default_factory=set)
    requests: int = 0

    def receive(self, body: bytes, secret: str | None) -> int:
        """Return the status of the response. An event counts as accepted after 2xx only."""
        self.requests += 1
        self.secrets.add(secret)
        status = self.status()
        if status < 300:
            self.accepted.append(json.loads(body))
        return status

    def ids(self) -> set[str]:
        """Return the ids of the conversations whose events were accepted."""
        return {event["detail"]["id"] for event in self.accepted if "id" in event["detail"]}


@contextmanager
def running() -> Iterator[Receiver]:
    """Start a receiver on a free port of loopback, and stop it at the end."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the standard library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.receive(body, self.headers["x-webhook-secret"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
