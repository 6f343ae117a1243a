"""The key from SSM: how long it is kept, when it is read again, how long a call waits for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

from grok_insights.aws import clients
from grok_insights.aws.secret import Secret
from grok_insights.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NAME = "/grok/key"


@dataclass
class Ssm:
    """SSM by moto, its clock, and the requests that it received."""

    client: SSMClient
    seconds: float = 1_000.0
    requests: list[str] = field(default_factory=list)
    is_down: bool = False
    may_respond: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.may_respond.set()
        self.client.meta.events.register_first("before-send.ssm.GetParameter", self._see)
        self.secret = Secret(
            lambda: self.client,
            NAME,
            longest_read_seconds=30.0,
            monotonic=lambda: self.seconds,
        )

    def put(self, value: str) -> None:
        self.client.put_parameter(Name=NAME, Value=value, Type="SecureString", Overwrite=True)

    def _see(self, request: Any, **_: Any) -> None:
        self.requests.append(request.url)
        self.may_respond.wait(30)
        if self.is_down:
            raise ReadTimeoutError(endpoint_url=request.url)


@pytest.fixture
def ssm() -> Iterator[Ssm]:
    with mock_aws():
        made = Ssm(clients.ssm())
        made.put("xai-first")
        yield made


def test_a_key_is_read_once_for_many_threads_and_calls(ssm: Ssm) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(lambda _: ssm.secret(), range(40)))
    assert (keys, len(ssm.requests)) == ({"xai-first"}, 1)


def test_a_new_key_is_found_after_five_minutes_and_not_before(ssm: Ssm) -> None:
    assert ssm.secret() == "xai-first"
    ssm.put("xai-second")
    ssm.seconds += 299.9
    assert (ssm.secret(), len(ssm.requests)) == ("xai-first", 1)
    ssm.seconds += 0.1
    assert (ssm.secret(), len(ssm.requests)) == ("xai-second", 2)


def test_a_key_that_was_not_accepted_is_read_anew_at_once(ssm: Ssm) -> None:
    assert ssm.secret() == "xai-first"
    ssm.put("xai-second")
    ssm.secret.forget()
    assert ssm.secret() == "xai-second"


@pytest.mark.parametrize(
    ("value", "fault"),
    [(" xai-padded \n", ""), (" ", "contains no API key"), ("xai-ключ", "contains no API key")],
)
def test_a_value_is_a_key_without_blanks_around_it(ssm: Ssm, value: str, fault: str) -> None:
    ssm.put(value)
    if not fault:
        assert ssm.secret() == "xai-padded"
        return
    with pytest.raises(ConfigurationError, match=fault):
        ssm.secret()


def test_a_missing_parameter_is_asked_for_once_a_second(ssm: Ssm) -> None:
    ssm.client.delete_parameter(Name=NAME)
    for seconds in (0.0, 0.5, 0.4):
        ssm.seconds += seconds
        with pytest.raises(ConfigurationError, match="could not be read from SSM"):
            ssm.secret()
    assert len(ssm.requests) == 1
    ssm.seconds += 0.1
    ssm.put("xai-first")
    assert (ssm.secret(), len(ssm.requests)) == ("xai-first", 2)


def test_while_ssm_is_down_the_known_key_serves_on_and_is_tried_again_each_minute(
    ssm: Ssm,
) -> None:
    assert ssm.secret() == "xai-first"
    ssm.is_down = True
    ssm.seconds += 300
    assert ssm.secret() == "xai-first"
    requests = len(ssm.requests)
    ssm.put("xai-second")
    ssm.is_down = False
    ssm.seconds += 59
    assert (ssm.secret(), len(ssm.requests)) == ("xai-first", requests)
    ssm.seconds += 1
    assert ssm.secret() == "xai-second"


def test_a_key_that_was_not_accepted_does_not_serve_on_while_ssm_is_down(ssm: Ssm) -> None:
    assert ssm.secret() == "xai-first"
    ssm.secret.forget()
    ssm.is_down = True
    with pytest.raises(ConfigurationError, match="could not be read"):
        ssm.secret()


def test_a_call_does_not_wait_for_ssm_longer_than_the_limit(ssm: Ssm) -> None:
    secret = Secret(lambda: ssm.client, NAME, longest_read_seconds=0.05)
    ssm.may_respond.clear()
    begun = time.monotonic()
    with pytest.raises(ConfigurationError, match="could not be read"):
        secret()
    assert time.monotonic() - begun < 10
    ssm.may_respond.set()


def test_two_requests_of_one_second_each_are_the_longest_that_ssm_is_asked(ssm: Ssm) -> None:
    config: Any = ssm.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 1)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
