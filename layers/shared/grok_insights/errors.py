"""The error tree, and nothing else.

GrokInsightsError
├── SettingsError           the environment is wrong; every fault in one message
├── RequestError            what a client is told, as RFC 9457 problem+json
│   ├── BadRequest          400
│   ├── Unauthorized        401
│   ├── NotFound            404
│   ├── MethodNotAllowed    405, with the methods that are
│   ├── Conflict            409
│   │   └── Erased          the conversation was erased, and an import does not restore it
│   ├── PreconditionFailed  412
│   ├── ContentTooLarge     413
│   ├── UnsupportedMediaType 415
│   ├── InvalidRequest      422, with the fields at fault
│   ├── PreconditionRequired 428
│   ├── TooManyRequests     429, with the seconds to wait
│   └── Unavailable         503, with the seconds to wait
├── UnreadableItem          a stored item is damaged; what it holds is not in the message
├── CircuitOpen             no call was made: the circuit to Grok is open
├── EventsNotSent           no event of a batch reached the event bus
└── AnalysisError           why Grok's answer to one conversation could not be had
    ├── TransientError      it may work if tried again
    │   └── UnusableAnswer  Grok is well, answered, and billed for what cannot be used
    ├── PermanentError      this conversation will never get an answer
    ├── ConfigurationError  no conversation will, until an operator acts
    └── CreditsError        no conversation will, until the team has credits again
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class GrokInsightsError(Exception):
    """Base of every error that this package raises on purpose."""


class SettingsError(GrokInsightsError):
    """The settings are not valid. The message names every variable at fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (``body.text``, ``query.limit``) and what."""

    location: str
    message: str


class RequestError(GrokInsightsError):
    """A request that cannot be served.

    Parameters
    ----------
    detail : str
        What went wrong, in a sentence for the client. Never holds what the client sent.
    retry_after_seconds : int | None
        Sent as ``Retry-After`` where waiting helps.
    faults : tuple[Fault, ...]
        The fields at fault, for invalid input.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal Server Error"

    def __init__(
        self,
        detail: str,
        *,
        retry_after_seconds: int | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.faults = faults

    def headers(self) -> dict[str, str]:
        """Return the headers of the response to it."""
        seconds = self.retry_after_seconds
        return {} if seconds is None else {"Retry-After": str(seconds)}


class BadRequest(RequestError):
    """The request cannot be read."""

    status, title = 400, "Bad Request"


class Unauthorized(RequestError):
    """The request has no valid API key."""

    status, title = 401, "Unauthorized"

    def headers(self) -> dict[str, str]:
        """Return ``WWW-Authenticate``, which RFC 9110 requires, with the scheme for the key."""
        return {"WWW-Authenticate": 'Bearer realm="grok-insights"'}


class NotFound(RequestError):
    """There is no resource at this address."""

    status, title = 404, "Not Found"


class MethodNotAllowed(RequestError):
    """The resource at this address does not have this method."""

    status, title = 405, "Method Not Allowed"

    def __init__(self, detail: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        """Return ``Allow`` with the methods of the path."""
        return {"Allow": ", ".join(self.allowed)}


class Conflict(RequestError):
    """The ``external_id`` belongs to a conversation with another text."""

    status, title = 409, "Conflict"


class Erased(Conflict):
    """The conversation was erased. An import does not restore it."""


class PreconditionFailed(RequestError):
    """The resource has changed since the client read it."""

    status, title = 412, "Precondition Failed"


class ContentTooLarge(RequestError):
    """The body is too large."""

    status, title = 413, "Content Too Large"


class UnsupportedMediaType(RequestError):
    """The media type or encoding of the body is not supported."""

    status, title = 415, "Unsupported Media Type"


class InvalidRequest(RequestError):
    """The request can be read, but fields of it are not valid."""

    status, title = 422, "Unprocessable Content"


class PreconditionRequired(RequestError):
    """The request must name the state that it changes."""

    status, title = 428, "Precondition Required"


class TooManyRequests(RequestError):
    """The client has exceeded the rate limit."""

    status, title = 429, "Too Many Requests"


class Unavailable(RequestError):
    """The service is temporarily not available."""

    status, title = 503, "Service Unavailable"


class UnreadableItem(GrokInsightsError):
    """A stored item is damaged: an attribute is missing, or has the wrong type."""


class EventsNotSent(GrokInsightsError):
    """No event of a batch reached the event bus. The batch is to be processed again."""


class CircuitOpen(GrokInsightsError):
    """No call was made, since the circuit to Grok is open or another function probes it."""


class AnalysisError(GrokInsightsError):
    """A conversation could not be analysed. Its message never holds conversation text or a key.

    Parameters
    ----------
    code : str
        What went wrong, for programs and metrics: ``timeout``, ``rate_limited``, …
    message : str
        The same in a sentence, for the failed insight.
    retry_after_seconds : float | None
        How long Grok asked to be left alone, where it did.
    tokens, cost_ticks : int
        What the call used up all the same, as reported or by estimate. 1 USD is 10^10 ticks.
    implausible_ticks : int
        What Grok reported beyond that, and cannot be true.
    """

    kind: ClassVar[str] = "transient"

    def __init__(  # noqa: PLR0913 - all but two are named, and most are left out
        self,
        code: str,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        tokens: int = 0,
        cost_ticks: int = 0,
        implausible_ticks: int = 0,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.retry_after_seconds = retry_after_seconds
        self.tokens = tokens
        self.cost_ticks = cost_ticks
        self.implausible_ticks = implausible_ticks


class TransientError(AnalysisError):
    """A retry may succeed: a timeout, a rate limit, a server error or an unusable answer."""

    kind = "transient"


class UnusableAnswer(TransientError):
    """Grok's answer is cut off, empty or unreadable. It is billed nevertheless."""


class PermanentError(AnalysisError):
    """Grok never analyses this conversation: it is too long, moderated or refused."""

    kind = "permanent"


class ConfigurationError(AnalysisError):
    """The key, the team, the model or the address is wrong. An operator must act."""

    kind = "configuration"


class CreditsError(AnalysisError):
    """The team has used up its credits, or reached its spending limit."""

    kind = "credits"
