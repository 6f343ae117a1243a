"""Real Grok over HTTPS. Each call ends in an answer or in one error of the tree.

It never retries by itself, since a call given up on is billed all the same: the queue does that.
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
    from grok_insights.grok.prompt import Prompt

MAX_ANSWER_BYTES: Final = 1_000_000
MAX_REQUEST_ID_CHARS: Final = 100
CONNECT_SECONDS: Final = 5.0
CONNECTIONS: Final = 64
"""More than the calls of the largest wave, so that none waits for another's connection."""


@dataclass(frozen=True, slots=True)
class RealGrok:
    """Grok behind ``base_url``.

    ``key`` gives the API key when it is asked, and raises `ConfigurationError` where there is
    none; ``forget_key`` is called when Grok did not accept it, so that a new one is read.
    ``longest_call_seconds`` bounds a call as a whole, from the connection to the last byte.
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
        """The model that is asked."""
        return self.form.model

    @property
    def prompt_version(self) -> str:
        """Which instructions it is asked with."""
        return self.form.version

    def analyse(self, prompt: Prompt) -> Answer:
        """Ask about one conversation.

        Raises
        ------
        AnalysisError
            There is no usable answer; the error's kind says what to do about it.
        """
        estimate = estimated_cost(prompt.text, self.usd_per_1k)
        begun = self.monotonic()
        response, body = self._exchange(prompt, estimate)
        seconds = self.monotonic() - begun
        try:
            found = self._read(response, body, estimate)
        except AnalysisError as error:
            self._tell(error, prompt, response)
            _tell_implausible(error.implausible_ticks, prompt)
            raise
        _tell_implausible(found.cost.implausible_ticks, prompt)
        return Answer(
            analysis=found.analysis,
            cost=found.cost,
            model=found.model,
            mock=False,
            latency_seconds=seconds,
            prompt_version=self.prompt_version,
        )

    def _exchange(self, prompt: Prompt, estimate: Cost) -> tuple[httpx.Response, bytes]:
        """Return one request and its whole answer. What was sent may be billed, whatever came back."""
        try:
            with self.deadline.of(self.longest_call_seconds):
                headers = {
                    "authorization": f"Bearer {self.key()}",
                    "content-type": "application/json",
                    "x-grok-conv-id": self.form.route(prompt.conversation_id),
                }
                content = self.form.body(prompt.text)
                with self.client.stream(
                    "POST", "chat/completions", content=content, headers=headers
                ) as response:
                    return response, _whole(response, estimate)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TransientError("connection", f"no connection to Grok: {_name(error)}") from error
        except httpx.TimeoutException as error:
            raise _billed(TransientError, "timeout", "Grok took too long", estimate) from error
        except httpx.UnsupportedProtocol as error:
            raise ConfigurationError("wrong_address", "GROK_API_BASE_URL is no address") from error
        except httpx.TransportError as error:
            message = f"the connection to Grok broke: {_name(error)}"
            raise _billed(TransientError, "connection", message, estimate) from error

    def _read(self, response: httpx.Response, body: bytes, estimate: Cost) -> completion.Completion:
        if response.status_code == httpx.codes.OK:
            return completion.parse_completion(body, estimate, self.usd_per_1k, self.form.model)
        raise faults.of_response(response.status_code, response.headers, body, datetime.now(UTC))

    def _tell(self, error: AnalysisError, prompt: Prompt, response: httpx.Response) -> None:
        """Log code and status. What Grok wrote may quote the conversation, so it is not logged."""
        if isinstance(error, ConfigurationError):
            self.forget_key()
        logger.warning(
            str(error),
            conversation_id=prompt.conversation_id,
            status=response.status_code,
            request_id=response.headers.get("x-request-id", "")[:MAX_REQUEST_ID_CHARS],
        )


def _tell_implausible(ticks: int, prompt: Prompt) -> None:
    """Log and count what Grok reported beyond what can be true, if anything."""
    if ticks:
        usd = float(pricing.usd(ticks))
        metrics.add_metric("ImplausibleCostUsd", MetricUnit.NoUnit, usd)
        logger.error(
            "Grok reported an implausible cost, which is not counted",
            conversation_id=prompt.conversation_id,
            implausible_usd=usd,
        )


def _whole(response: httpx.Response, estimate: Cost) -> bytes:
    """Return the body, as it was sent: a small compressed one could unfold to any size."""
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "Grok's answer is compressed, though that was not asked for"
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
    """Return the class alone: a library's message might quote an address."""
    return type(error).__name__


def new_client(
    base_url: str,
    timeout_seconds: float,
    resolve: Resolve = addresses_of,
    transport: httpx.BaseTransport | None = None,
) -> tuple[httpx.Client, Deadline]:
    """Return a client for many threads, with one pool, that follows no redirect: it would take the key.

    ``transport`` takes the place of connections that keep the deadline. Proxies and other settings
    of the environment are not looked at, and neither is ``.netrc``.
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
    return DeadlineTransport(deadline, CONNECTIONS, verify, resolve)
