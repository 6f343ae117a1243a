"""The two promises, kept while Grok, the functions and the queue fail in every way."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from scripts.local.aws import EmulatorSession
from tests.e2e import chaos
from tests.e2e.conftest import Stack, bring_up, make_client
from tests.standin import Standin, running


@pytest.fixture(scope="module")
def dose() -> chaos.Dose:
    return chaos.FULL if os.environ.get("CHAOS") == "full" else chaos.SMALL


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    with running(hang_seconds=3.0) as server:
        yield server


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, standin: Standin, dose: chaos.Dose
) -> Iterator[Stack]:
    with bring_up(tmp_path_factory.mktemp("chaos"), dose.settings(standin)) as environment:
        yield Stack(environment, EmulatorSession(environment["AWS_ENDPOINT_URL"]))


def test_both_promises_are_kept_while_everything_fails(
    stack: Stack, standin: Standin, dose: chaos.Dose
) -> None:
    client = make_client(stack, stack.name("API_KEY"))
    figures = chaos.run(stack, client, standin, dose)
    client.http.close()
    figures.show()
    assert (figures.missing, figures.doubled) == (0, 0)
    assert figures.insights.total() == dose.conversations
    assert figures.trends_equal_recount
    assert (figures.insight_ticks, figures.unmatched) == (figures.kept_ticks, 0)
    assert figures.dead_letters == figures.used_up
    assert len(figures.dead_letters) >= dose.hopeless + dose.blocked
    assert figures.absurd == dose.absurd
    assert figures.refused <= figures.refusals + figures.first_refusals()
    assert figures.unsaved_calls <= chaos.LARGEST_WAVE * chaos.CONCURRENCY
    assert figures.fewest_calls_of_the_dead >= 5
    assert figures.is_right_after_redrive
    assert figures.busiest_second <= 66, "60 a second, and a tenth for the way to the server"
    for outage, probes in zip(figures.outages, figures.probes, strict=True):
        assert outage.calls <= figures.allowed_calls(outage, probes)
    assert max(figures.closed_after_seconds) <= 15
    assert figures.killed >= dose.kills // 2
    assert figures.calls_beyond_the_budget <= figures.most_in_flight
    assert figures.leaks == 0
