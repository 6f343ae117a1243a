"""A stack counts as up when a function has responded, and not before."""

from __future__ import annotations

import httpx
import pytest

from scripts.health_check import NoHealthError, ask_health, why_unhealthy

URL = "https://api.example/v1/health"
HEALTHY = {"status": "healthy", "worker": {"state": "running"}}
PAUSED = {
    "status": "unhealthy",
    "worker": {"state": "paused", "reason": "configuration", "detail": "no key"},
}


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def ask(*responses: httpx.Response | httpx.TransportError, patience: float = 5) -> object:
    """Return the result of these responses, the last of which is repeated."""
    left = list(responses)

    def respond(_: httpx.Request) -> httpx.Response:
        response = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(response, httpx.TransportError):
            raise response
        return response

    clock = Clock()
    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        return ask_health(client, URL, patience, clock.sleep, clock)


@pytest.mark.parametrize(
    "response", [httpx.Response(200, json=HEALTHY), httpx.Response(503, json=PAUSED)]
)
def test_a_report_ends_the_wait_whether_all_is_well_or_not(response: httpx.Response) -> None:
    assert ask(response) == response.json()


def test_a_stage_that_does_not_exist_yet_is_requested_again() -> None:
    report = ask(
        httpx.ConnectError("no such host"),
        httpx.Response(403, json={"message": "Forbidden"}),
        httpx.Response(502, json={"message": "Internal server error"}),
        httpx.Response(200, json=HEALTHY),
    )
    assert report == HEALTHY


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx.Response(502, json={"message": "Internal server error"}), "responds with 502"),
        (httpx.Response(503, json={"message": "Service Unavailable"}), "responds with 503"),
        (httpx.Response(503, text="no JSON"), "responds with 503"),
        (httpx.Response(500, json={"status": 500}), "responds with 500"),
        (httpx.ConnectError("refused"), r"cannot be reached \(refused\)"),
    ],
)
def test_without_a_report_in_time_the_error_names_the_last_response(
    response: httpx.Response | httpx.TransportError, reason: str
) -> None:
    with pytest.raises(NoHealthError, match=f"The stack is deployed, but {URL} {reason}"):
        ask(response)


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (HEALTHY, ""),
        (PAUSED, "configuration: no key"),
        ({"status": "unhealthy", "database": "unreachable"}, "status unhealthy"),
    ],
)
def test_the_reason_of_an_unhealthy_report_is_shown(report: dict[str, object], why: str) -> None:
    assert why_unhealthy(report) == why
