"""The client for the real Grok, over loopback, against the stand-in and worse servers."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
from tests.standin import Standin, running

KEY = "xai-a-secret-key"
TEXT = "Customer: my zanzibarean parcel is late"
PROMPT = Prompt("0b5a4f5e-3c1f-5f0e-8f57-2f9d3c0f4a11", TEXT)


@contextmanager
def grok(address: str, seconds: float = 2.0) -> Iterator[RealGrok]:
    client, deadline = new_client(address, seconds)
    with client:
        yield RealGrok(
            client=client,
            deadline=deadline,
            form=RequestForm("grok-4.20-non-reasoning"),
            key=lambda: KEY,
            forget_key=lambda: None,
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


def test_fifty_calls_side_by_side_share_the_pool_and_each_gets_its_own_answer(
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


def test_nobody_listening_is_a_connection_error_that_costs_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with grok(address) as client, pytest.raises(TransientError) as caught:
            client.analyse(PROMPT)
    assert (caught.value.code, caught.value.cost_ticks) == ("connection", 0)


def test_a_certificate_that_nobody_vouches_for_gets_neither_key_nor_text(tmp_path: Path) -> None:
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
def _server(
    answer: bytes, context: ssl.SSLContext | None = None, received: list[bytes] | None = None
) -> Iterator[str]:
    """A server that reads one request, answers with these bytes and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            try:
                spoken = (
                    context.wrap_socket(connection, server_side=True) if context else connection
                )
                with spoken:
                    data = spoken.recv(1_000_000)
                    if received is not None:
                        received.append(data)
                    spoken.sendall(answer)
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread.join()


def _self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is signed by itself, with its key."""
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
