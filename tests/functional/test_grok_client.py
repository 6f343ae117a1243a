"""The client for the real Grok, over loopback, with the stand-in and with faulty servers."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from grok_insights.errors import AnalysisError, ConfigurationError, TransientError, UnusableAnswer
from grok_insights.grok.prompt import Prompt
from grok_insights.grok.real import RealGrok, new_client
from grok_insights.grok.request import RequestForm
from grok_insights.grok.transport import Resolve, addresses_of
from tests.standin import Standin, running

KEY = "xai-a-secret-key"
TEXT = "Customer: my zanzibarean parcel is late"
PROMPT = Prompt("0b5a4f5e-3c1f-5f0e-8f57-2f9d3c0f4a11", TEXT)


@contextmanager
def grok(
    address: str,
    seconds: float = 2.0,
    *,
    key: Callable[[], str] = lambda: KEY,
    forget_key: Callable[[], None] = lambda: None,
    resolve: Resolve = addresses_of,
) -> Iterator[RealGrok]:
    client, deadline = new_client(address, seconds, resolve)
    with client:
        yield RealGrok(
            client=client,
            deadline=deadline,
            form=RequestForm("grok-4.20-non-reasoning"),
            key=key,
            forget_key=forget_key,
            usd_per_1k=Decimal("0.002"),
            longest_call_seconds=seconds,
        )


@pytest.fixture
def standin() -> Iterator[Standin]:
    with running(hang_seconds=3.0) as server:
        yield server


def test_an_answer_that_drips_byte_by_byte_ends_with_the_call_and_counts_as_billed(
    standin: Standin,
) -> None:
    standin.books.next_replies.append("drip")
    with grok(standin.address, 1.0) as client, pytest.raises(TransientError) as caught:
        client.analyse(PROMPT)
    assert caught.value.code == "timeout"
    assert caught.value.cost_ticks > 0
    assert standin.books.calls[0].reply == "drip"


def test_fifty_concurrent_calls_share_the_pool_and_each_gets_its_own_answer(
    standin: Standin,
) -> None:
    with grok(standin.address, 10.0) as client, ThreadPoolExecutor(50) as threads:
        prompts = [Prompt(str(number), f"text {number}") for number in range(200)]
        answers = list(threads.map(client.analyse, prompts))
    assert len({answer.cost.ticks for answer in answers}) == 200


@pytest.mark.parametrize("reply", ["too_large", "reset_in_body", "broken_json"])
def test_after_a_broken_answer_the_next_call_works(standin: Standin, reply: str) -> None:
    standin.books.next_replies.append(reply)
    with grok(standin.address) as client:
        with pytest.raises(TransientError):
            client.analyse(PROMPT)
        assert client.analyse(PROMPT).analysis.sentiment == "negative"


def test_an_answer_beyond_the_size_limit_is_refused(standin: Standin) -> None:
    standin.books.next_replies.append("too_large")
    with grok(standin.address) as client, pytest.raises(UnusableAnswer) as caught:
        client.analyse(PROMPT)
    assert caught.value.code == "too_large"


def test_the_key_does_not_follow_a_redirect(standin: Standin) -> None:
    with running() as elsewhere:
        location = f"Location: {elsewhere.address}/chat/completions"
        answer = f"HTTP/1.1 307 Temporary Redirect\r\n{location}\r\nContent-Length: 0\r\n\r\n"
        with (
            _server(answer.encode()) as address,
            grok(address) as client,
            pytest.raises(ConfigurationError) as caught,
        ):
            client.analyse(PROMPT)
        assert caught.value.code == "redirected"
        assert elsewhere.books.calls == []


def test_a_refused_connection_is_an_error_that_costs_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with grok(address) as client, pytest.raises(TransientError) as caught:
            client.analyse(PROMPT)
    assert (caught.value.code, caught.value.cost_ticks) == ("connection", 0)


def test_a_server_with_an_untrusted_certificate_gets_neither_key_nor_text(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_self_signed(tmp_path))
    received: list[bytes] = []
    with _server(b"", context, received) as address:
        secure = address.replace("http://", "https://")
        with grok(secure) as client, pytest.raises(TransientError) as caught:
            client.analyse(PROMPT)
    assert (caught.value.code, caught.value.cost_ticks) == ("connection", 0)
    assert received == []


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"",
    ],
    ids=["no HTTP", "ends early", "no gzip", "closes"],
)
def test_what_is_no_http_is_an_error_of_the_tree_and_may_have_been_billed(answer: bytes) -> None:
    with (
        _server(answer) as address,
        grok(address) as client,
        pytest.raises(TransientError) as caught,
    ):
        client.analyse(PROMPT)
    assert caught.value.cost_ticks > 0


def test_unreachable_addresses_leave_time_for_the_one_that_responds(standin: Standin) -> None:
    port = standin.server_address[1]
    dead = [f"127.0.0.{number}" for number in range(2, 7)]
    with ExitStack() as stack:
        for address in dead:
            stack.enter_context(_deaf(address, port))
        client = stack.enter_context(
            grok(
                f"http://several.example:{port}/v1",
                3.0,
                resolve=lambda *_: [*dead, "127.0.0.1"],
            )
        )
        assert client.analyse(PROMPT).analysis.sentiment == "negative"


def test_time_that_the_key_takes_is_time_of_the_call(standin: Standin) -> None:
    def slow_key() -> str:
        time.sleep(0.3)
        return KEY

    with (
        grok(standin.address, 0.2, key=slow_key) as client,
        pytest.raises(TransientError) as caught,
    ):
        client.analyse(PROMPT)
    assert (caught.value.code, standin.books.calls) == ("connection", [])


def test_a_server_that_only_ever_announces_an_answer_is_a_timeout() -> None:
    def announce(connection: socket.socket) -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    with (
        _talking(announce) as address,
        grok(address, 1.0) as client,
        pytest.raises(TransientError) as caught,
    ):
        client.analyse(PROMPT)
    assert caught.value.code == "timeout"
    assert caught.value.cost_ticks > 0


def test_a_server_that_takes_the_request_in_small_parts_is_a_timeout() -> None:
    taken: list[int] = []

    def sip(connection: socket.socket) -> None:
        while part := connection.recv(200_000):
            taken.append(len(part))
            time.sleep(0.05)

    long = Prompt(PROMPT.conversation_id, "x" * 30_000_000)
    with (
        _talking(sip) as address,
        grok(address, 3.0) as client,
        pytest.raises(TransientError) as caught,
    ):
        client.analyse(long)
    assert caught.value.code == "timeout"
    assert sum(taken) < 30_000_000


def test_a_compressed_answer_is_not_requested_and_not_decompressed() -> None:
    received: list[bytes] = []
    packed = gzip.compress(b" " * 50_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with (
        _server(head.encode() + packed, received=received) as address,
        grok(address) as client,
        pytest.raises(UnusableAnswer) as caught,
    ):
        client.analyse(PROMPT)
    assert b"accept-encoding: identity" in received[0].lower()
    assert caught.value.code == "unreadable"
    assert caught.value.cost_ticks > 0


@pytest.mark.parametrize("reply", ["wrong_key", "no_key", "blocked"])
def test_a_key_that_grok_refuses_is_forgotten(standin: Standin, reply: str) -> None:
    standin.books.next_replies.append(reply)
    forgotten: list[bool] = []
    with grok(standin.address, forget_key=lambda: forgotten.append(True)) as client:
        with pytest.raises(ConfigurationError):
            client.analyse(PROMPT)
        client.analyse(PROMPT)
    assert forgotten == [True]


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "cannot parse 4111111111111111"}',
        b'{"error": "invalid: M\\u00fcller"}',
        b'{"choices": [{"message": {"content": "{\\"topics\\": [\\"anna_m\\u00fcller\\"]}"}}]}',
        b"<html>Blocked: Anna</html>",
    ],
    ids=["other spacing", "escaped", "in a topic", "html"],
)
def test_nothing_that_the_other_side_wrote_is_logged(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(body)}\r\n\r\n"
    prompt = Prompt(PROMPT.conversation_id, "I am Anna Müller, card 4111 1111 1111 1111")
    with (
        _server(head.encode() + body) as address,
        grok(address) as client,
        caplog.at_level(logging.INFO),
        pytest.raises(AnalysisError),
    ):
        client.analyse(prompt)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "'status': 400" in logged
    for secret in ("4111", "ller", "anna", "Anna", "html"):
        assert secret not in logged


def test_an_implausible_cost_is_logged_and_counted(
    standin: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    standin.books.next_replies.append("absurd_usage")
    with grok(standin.address) as client:
        answer = client.analyse(PROMPT)
    assert answer.cost.ticks < 10**10
    assert "implausible" in caplog.text


@pytest.mark.parametrize("reply", ["wrong_key", "no_json", "server_error", "moderated"])
def test_no_log_holds_the_key_or_a_word_of_the_conversation(
    standin: Standin, reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    standin.books.next_replies.append(reply)
    with (
        caplog.at_level(logging.DEBUG),
        grok(standin.address) as client,
        pytest.raises(AnalysisError),
    ):
        client.analyse(PROMPT)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "conversation_id" in logged
    assert KEY not in logged
    assert "zanzibarean" not in logged


@contextmanager
def _deaf(address: str, port: int) -> Iterator[None]:
    """Return an address that neither accepts nor refuses connections: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect((address, port))
        yield


ACCEPT_SECONDS = 10.0
"""How long a server waits for its client, which may have timed out before it connected."""


@contextmanager
def _talking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Start a server that handles one connection with ``talk``, until the client disconnects."""
    with socket.socket() as listener:
        listener.settimeout(ACCEPT_SECONDS)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread.join()


@contextmanager
def _server(
    answer: bytes, context: ssl.SSLContext | None = None, received: list[bytes] | None = None
) -> Iterator[str]:
    """Start a server that reads one request, responds with these bytes and closes."""

    def respond(connection: socket.socket) -> None:
        spoken = context.wrap_socket(connection, server_side=True) if context else connection
        with spoken:
            data = spoken.recv(1_000_000)
            if received is not None:
                received.append(data)
            spoken.sendall(answer)

    with _talking(respond) as address:
        yield address


def _self_signed(folder: Path) -> Path:
    """Return a self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
