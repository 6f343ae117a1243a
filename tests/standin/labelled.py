"""A stand-in for xAI that knows the labels of conversations, and answers with a known quality.

By hand: ``python -m tests.standin.labelled 0.2`` answers with each label wrong in a fifth of cases.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, TypeVar

from grok_insights.domain.quotes import MAX_QUOTE_CHARS, MIN_QUOTE_BYTES
from scripts.evaluate.golden import GOLDEN_DATA
from scripts.evaluate.labelled import Labelled, load

Answer = dict[str, Any]
T = TypeVar("T")

INVENTED = "These words are in no conversation of the set."
PORT = 4620

SENTIMENTS = ("positive", "negative", "neutral")
FIELDS: Mapping[str, tuple[str | bool | None, ...]] = {
    "resolved": (True, False, None),
    "churn_risk": ("low", "medium", "high", None),
}


def answers(
    conversations: Sequence[Labelled], wrong: float = 0.0, seed: int = 0
) -> dict[str, Answer]:
    """Return an answer for each transcript, with each label wrong with the probability ``wrong``.

    A wrong label is one of the others of the set, all with the same probability.
    """
    random = Random(seed)
    topics = sorted({topic for it in conversations for topic in it.topics or ()} - {"other"})
    return {it.transcript: _answer(it, topics, wrong, random) for it in conversations}


def _answer(it: Labelled, topics: Sequence[str], wrong: float, random: Random) -> Answer:
    expected = it.topics or ()
    others = random.sample([topic for topic in topics if topic not in expected], len(expected))
    return {
        "summary": "The customer writes.",
        "sentiment": _noisy(str(it.sentiment), SENTIMENTS, wrong, random),
        "topics": [
            other if random.random() < wrong else topic
            for topic, other in zip(expected, others, strict=True)
        ],
        "fields": {
            name: _noisy(value, FIELDS[name], wrong, random) for name, value in it.fields.items()
        },
        "quotes": [INVENTED] if random.random() < wrong else _quotes(it),
    }


def _quotes(it: Labelled) -> list[str]:
    """Return the longest line as a quote, if it is long enough for one."""
    said = [message.text for message in it.messages or ()] or it.transcript.split("\n")
    longest = max(said, key=len)[:MAX_QUOTE_CHARS]
    return [longest] if len(longest.encode()) >= MIN_QUOTE_BYTES else []


def _noisy(label: T, labels: Sequence[T], wrong: float, random: Random) -> T:
    others = [other for other in labels if other is not label and other != label]
    return random.choice(others) if random.random() < wrong else label


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = request["messages"][-1]["content"]
        known = [text for text in self.server.answers if text in content]
        answer = self.server.answers[max(known, key=len)]
        schema = request["response_format"]["json_schema"]["schema"]
        found = _as_asked(answer, schema["properties"])
        body = {
            "model": request["model"],
            "choices": [{"message": {"content": json.dumps(found)}, "finish_reason": "stop"}],
            "usage": {"total_tokens": 400, "cost_in_usd_ticks": 5_000_000},
        }
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Write no log."""


def _as_asked(answer: Answer, properties: Mapping[str, Any]) -> Answer:
    """Return the properties that the schema asks for, fields in an object or beside the others."""
    known = {**answer, **answer["fields"]}
    return {name: known[name] for name in properties if name in known}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    answers: Mapping[str, Answer]


@contextmanager
def running_labelled(known: Mapping[str, Answer], port: int = 0) -> Iterator[str]:
    """Start the stand-in in a thread of this process, and yield its address."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.answers = known
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Answer until it is interrupted, with the share of wrong labels of the command line."""
    wrong = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    with running_labelled(answers(load(GOLDEN_DATA), wrong, seed=1), PORT) as address:
        print(
            f"GROK_MODE=real GROK_API_KEY=xai-any GROK_API_BASE_URL={address} make evaluate YES=1"
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
