"""The stand-in's HTTP server: xAI's two endpoints, and control endpoints under /control."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.standin.books import Books, CallRecord, Plan
from tests.standin.profile_replies import PROFILE_REPLIES
from tests.standin.replies import DRIP, HANG, REPLIES, RESET, RESET_IN_BODY, AnalysisRequest, Reply

ALL_REPLIES = REPLIES | PROFILE_REPLIES
HANG_SECONDS = 30.0
DRIP_SECONDS = 0.05


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Standin

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/chat/completions"):
            self._complete(body)
        else:
            self._control(json.loads(body or b"{}"))

    def do_GET(self) -> None:
        if self.path.endswith("/api-key"):
            found = {"team_blocked": False, "api_key_blocked": False, "api_key_disabled": False}
            self._json(200, found)
        elif self.path == "/control/report":
            self._json(200, self.server.books.report())
        else:
            self._json(404, {"error": "no such path"})

    def _complete(self, body: bytes) -> None:
        request = json.loads(body)
        text = _unfenced(request["messages"][-1]["content"])
        books = self.server.books
        call = books.open_call(text, self.headers.get("x-grok-conv-id", ""))
        try:
            chosen = books.choose(call)
            self._wait(books.latency())
            outage = books.outage_now()
            chosen = outage.reply if outage else chosen
            if chosen == "ok" and not self.headers.get("Authorization", "").startswith(
                "Bearer xai-"
            ):
                chosen = "wrong_key"
            schema = request["response_format"]["json_schema"]["schema"]
            asked = AnalysisRequest(request["model"], text, len(body) // 4, call.serial, schema)
            self._answer(ALL_REPLIES[chosen](asked), call, chosen)
        finally:
            books.close_call(call)

    def _wait(self, seconds: float) -> None:
        """Wait as long as an answer takes, and return an outage that starts meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.server.books.outage_now():
            time.sleep(min(left, 0.05))

    def _answer(self, reply: Reply, call: CallRecord, chosen: str) -> None:
        call.reply, call.status, call.billed_ticks = chosen, reply.status, reply.billed_ticks
        call.is_usable = reply.is_usable
        if chosen == RESET:
            self._reset()
        elif reply.manner == HANG:
            time.sleep(self.server.hang_seconds)
            self._reset()
        else:
            self._send(reply, call)

    def _send(self, reply: Reply, call: CallRecord) -> None:
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", "x-request-id": str(call.serial)}
        for name, value in {**headers, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        try:
            if reply.manner == RESET_IN_BODY:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self._reset()
            elif reply.manner == DRIP:
                self._drip(reply.body)
            else:
                self.wfile.write(reply.body)
        except OSError:
            self.close_connection = True

    def _drip(self, body: bytes) -> None:
        for index in range(len(body)):
            self.wfile.write(body[index : index + 1])
            time.sleep(DRIP_SECONDS)

    def _reset(self) -> None:
        """Close the connection so that the client sees a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _control(self, body: dict[str, Any]) -> None:
        books = self.server.books
        match self.path:
            case "/control/plan":
                low, high = body.get("latency_seconds", (0.0, 0.0))
                books.plan = Plan((low, high), _known(body.get("rates", {})))
            case "/control/outage":
                books.begin_outage(body["seconds"], body.get("reply", RESET))
            case "/control/end_outages":
                books.end_outages()
            case "/control/script":
                books.scripts[body["conversation"]] = deque(_known(body["replies"]))
            case "/control/next":
                books.next_replies.extend(_known(body["replies"]))
            case "/control/reset":
                self.server.books = Books()
            case _:
                self._json(404, {"error": "no such path"})
                return
        self._json(200, {})

    def _json(self, status: int, body: Any) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Write no log: the calls are in the records."""


def _known(replies: Any) -> Any:
    unknown = set(replies) - ALL_REPLIES.keys()
    if unknown:
        raise ValueError(f"no such replies: {sorted(unknown)}")
    return replies


def _unfenced(content: str) -> str:
    """Return the conversation between its two marker lines."""
    return content.split("\n", 1)[1].rsplit("\n", 1)[0]


class Standin(ThreadingHTTPServer):
    """The server. Its records and replies can be accessed directly, or over HTTP."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int = 0, hang_seconds: float = HANG_SECONDS) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.books = Books()
        self.hang_seconds = hang_seconds

    @property
    def address(self) -> str:
        """Return the address that replaces https://api.x.ai/v1."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that disconnected: functions are killed on purpose."""
        del request, client_address


@contextmanager
def running(port: int = 0, hang_seconds: float = 5.0) -> Iterator[Standin]:
    """Start a stand-in in a thread of this process."""
    standin = Standin(port, hang_seconds)
    thread = threading.Thread(target=standin.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield standin
    finally:
        standin.shutdown()
        standin.server_close()
        thread.join()
