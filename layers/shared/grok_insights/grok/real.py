"""Real Grok over HTTPS. Each call returns an answer or raises an `AnalysisError`.

It makes no retries, since a call that timed out is billed nevertheless. Retries use the queue.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import certifi
import httpx

from grok_insights.domain import pricing
from grok_insights.errors import AnalysisError, ConfigurationError, TransientError, UnusableAnswer
from grok_insights.flow.budget import estimated_cost
from grok_insights.grok import completion, faults
from grok_insights.grok.analyzer import Answer
from grok_insights.grok.request import RequestForm
from grok_insights.grok.transport import Deadline, DeadlineTransport, Resolve, addresses_of
from grok_insights.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from grok_insights.domain.insight import Cost
    from grok_insights.domain.profile import Profile
    from grok_insights.grok.prompt import Prompt

MAX_ANSWER_BYTES: Final = 1_000_000
MAX_REQUEST_ID_CHARS: Final = 100
CONNECT_SECONDS: Final = 5.0
GROK_CONNECTIONS: Final = 64
"""More than the calls of the largest wave, so that no call waits for a connection."""


@dataclass(frozen=True, slots=True)
class RealGrok:
    """An analyzer that calls Grok.

    ``key`` returns the API key, and raises `ConfigurationError` if there is none. ``forget_key``
    is called if Grok does not accept the key, so that it is read again. ``longest_call_seconds``
    limits the time of a whole call, from the connection to the last byte.
    """

    client: httpx.Client
    deadline: Deadline
    form: RequestForm
    key: Callable[[], str]
    forget_key: Callable[[], None]
    usd_per_1k: Decimal
    longest_call_seconds: float
    is_mock: bool = False
    monotonic: Callable[[], float] = time.monotonic

    @property
    def model(self) -> str:
        """The requested model."""
        return self.form.model

    def prompt_version(self, profile: Profile) -> str:
        """Return a digest of all that changes the prompt. It does not depend on the model."""
        return self.form.version(profile)

    def overhead_tokens(self, profile: Profile) -> int:
        """Return the estimated tokens of a call in addition to the conversation."""
        return self.form.overhead_tokens(profile)

    def analyse(self, prompt: Prompt) -> Answer:
        """Analyse one conversation.

        Raises
        ------
        AnalysisError
            There is no usable answer. The class of the error decides about a retry.
        """
        overhead = self.overhead_tokens(prompt.profile)
        estimate = estimated_cost(prompt.text, self.usd_per_1k, overhead)
        started_at = self.monotonic()
        response, body = self._exchange(prompt, estimate)
        seconds = self.monotonic() - started_at
        try:
            completed = self._read(response, body, prompt, estimate)
        except AnalysisError as error:
            self._handle_error(error, prompt, response)
            _report_implausible(error.implausible_ticks, prompt)
            raise
        _report_implausible(completed.cost.implausible_ticks, prompt)
        return Answer(
            analysis=completed.analysis,
            cost=completed.cost,
            model=completed.model,
            mock=False,
            latency_seconds=seconds,
            prompt_version=self.prompt_version(prompt.profile),
            invalid_values=completed.invalid_values,
        )

    def _exchange(self, prompt: Prompt, estimate: Cost) -> tuple[httpx.Response, bytes]:
        """Send a request, and return the response and its body.

        A request that was sent may be billed even if it fails, so most errors have the estimate.
        """
        try:
            with self.deadline.of(self.longest_call_seconds):
                headers = {
                    "authorization": f"Bearer {self.key()}",
                    "content-type": "application/json",
                    "x-grok-conv-id": self.form.route(prompt),
                }
                content = self.form.body(prompt)
                with self.client.stream(
                    "POST", "chat/completions", content=content, headers=headers
                ) as response:
                    return response, _read_body(response, estimate)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TransientError("connection", f"no connection to Grok: {_name(error)}") from error
        except httpx.TimeoutException as error:
            raise _billed(TransientError, "timeout", "Grok took too long", estimate) from error
        except httpx.UnsupportedProtocol as error:
            raise ConfigurationError("wrong_address", "GROK_API_BASE_URL is no address") from error
        except httpx.TransportError as error:
            message = f"the connection to Grok broke: {_name(error)}"
            raise _billed(TransientError, "connection", message, estimate) from error

    def _read(
        self, response: httpx.Response, body: bytes, prompt: Prompt, estimate: Cost
    ) -> completion.Completion:
        if response.status_code == httpx.codes.OK:
            return completion.parse_completion(
                body, prompt, estimate, self.usd_per_1k, self.form.model
            )
        raise faults.of_response(response.status_code, response.headers, body, datetime.now(UTC))

    def _handle_error(self, error: AnalysisError, prompt: Prompt, response: httpx.Response) -> None:
        """Log the code and status, and forget a refused key.

        Grok's text is not logged, since it may quote the conversation.
        """
        if isinstance(error, ConfigurationError):
            self.forget_key()
        logger.warning(
            str(error),
            conversation_id=prompt.conversation_id,
            status=response.status_code,
            request_id=response.headers.get("x-request-id", "")[:MAX_REQUEST_ID_CHARS],
        )


def _report_implausible(ticks: int, prompt: Prompt) -> None:
    """Log and count the part of a reported cost that is not plausible, if any."""
    if ticks:
        usd = float(pricing.usd(ticks))
        metrics.add_metric("ImplausibleCostUsd", MetricUnit.NoUnit, usd)
        logger.error(
            "Grok reported an implausible cost, which is not counted",
            conversation_id=prompt.conversation_id,
            implausible_usd=usd,
        )


def _read_body(response: httpx.Response, estimate: Cost) -> bytes:
    """Return the body without decompression, since a small body could expand to any size."""
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "Grok's answer is compressed, although the request does not allow that"
        raise _billed(UnusableAnswer, "unreadable", message, estimate)
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            message = f"Grok's answer is longer than {MAX_ANSWER_BYTES} bytes"
            raise _billed(UnusableAnswer, "too_large", message, estimate)
    return bytes(body)


def _billed(error: type[TransientError], code: str, message: str, estimate: Cost) -> TransientError:
    return error(code, message, tokens=estimate.tokens, cost_ticks=estimate.ticks)


def _name(error: Exception) -> str:
    """Return the class name only, since a library's message may quote an address."""
    return type(error).__name__


def new_client(
    base_url: str,
    timeout_seconds: float,
    resolve: Resolve = addresses_of,
    transport: httpx.BaseTransport | None = None,
) -> tuple[httpx.Client, Deadline]:
    """Return a client for many threads with one connection pool, and its deadline.

    It follows no redirects, since it would send the key to another server. It ignores proxies and
    other settings of the environment, and ``.netrc``. ``transport`` replaces the connections with
    the deadline.
    """
    deadline = Deadline()
    timeout = httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds))
    client = httpx.Client(
        base_url=base_url,
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "user-agent": "grok-insights"},
        transport=transport or _connections(deadline, resolve),
    )
    return client, deadline


def _connections(deadline: Deadline, resolve: Resolve) -> DeadlineTransport:
    verify = ssl.create_default_context(cafile=certifi.where())
    return DeadlineTransport(deadline, GROK_CONNECTIONS, verify, resolve)
