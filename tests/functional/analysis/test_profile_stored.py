"""What is stored and counted of answers that invent, misquote and leave the schema.

The stand-in answers over HTTP, and the whole analysis runs with an active profile.
"""

from __future__ import annotations

from typing import Any

import pytest

from grok_insights import wiring
from grok_insights.domain.profile import NewProfile
from tests.functional.analysis.conftest import NewWorker
from tests.functional.analysis.questions import QUESTIONS
from tests.functional.worker import Worker
from tests.recount import counted, recount

PROFILE = NewProfile.model_validate(QUESTIONS)
TEXT = "Customer: It's  late again.\nCustomer: And I don't like to wait here!"
ALL_NULL = {"resolved": None, "churn_risk": None, "effort": None, "competitor": None}
RIGHT = {"resolved": True, "churn_risk": "low", "effort": 1, "competitor": "Acme"}


def stored(worker: Worker, *replies: str) -> list[dict[str, Any]]:
    """Return the stored insights of conversations that get these replies."""
    wiring.ingest(worker.parts).profile.put(PROFILE, lambda _: None, activate=True)
    found = []
    for number, reply in enumerate(replies):
        worker.standin.books.next_replies.append(reply)
        identity = worker.conversation(TEXT, number)
        assert worker.run(identity) == []
        insight = worker.insight(identity)
        assert insight is not None
        found.append(insight)
    return found


@pytest.mark.parametrize(
    ("reply", "unverified"), [("invented_quotes", 2), ("misquoted", 1), ("paraphrased", 2)]
)
def test_an_insight_has_no_quote_that_nobody_said_and_their_number(
    worker: Worker, reply: str, unverified: int
) -> None:
    [insight] = stored(worker, reply)
    assert "quotes" not in insight
    assert insight["meta"]["unverified_quotes"] == unverified
    assert (insight["status"], insight["fields"]) == ("completed", RIGHT)


def test_a_true_quote_is_stored_with_its_offsets(worker: Worker) -> None:
    [insight] = stored(worker, "typographic_quotes")
    [quote] = insight["quotes"]
    assert quote["text"] == "don't like to wait here!"
    assert TEXT[quote["start"] : quote["end"]] == quote["text"]
    assert "unverified_quotes" not in insight["meta"]


def test_an_insight_has_the_fields_of_its_profile_and_no_others(worker: Worker) -> None:
    outside, wrong = stored(worker, "fields_outside_the_schema", "wrong_values")
    assert outside["fields"] == RIGHT
    assert not {"mood", "priority", "version", "quotes_"} & outside.keys()
    assert wrong["fields"] == ALL_NULL


def test_counters_have_only_what_the_schema_allows(worker: Worker) -> None:
    stored(worker, "fields_outside_the_schema", "wrong_values", "new_topics", "invented_quotes")
    settings, dynamodb = worker.parts.settings, worker.parts.dynamodb
    counts = counted(dynamodb, settings.trends_table)
    assert counts == recount(dynamodb, settings.insights_table)
    labels = {(bucket.split("#")[0], slot) for bucket, slot, _ in counts}
    assert {one for one in labels if one[0] not in {"hour", "day"}} == {
        ("topic", "refund"),
        ("topic", "other"),
        ("field.resolved", "true"),
        ("field.churn_risk", "low"),
        ("field.effort", "1"),
    }


def test_a_wave_reserves_the_tokens_that_its_profile_adds_to_each_call(
    new_worker: NewWorker,
) -> None:
    worker: Worker = new_worker(DAILY_BUDGET_USD="1")
    labels = [{"name": f"label_{number}", "description": "d" * 300} for number in range(40)]
    long = NewProfile.model_validate({"topics": {"mode": "closed", "labels": labels}})
    wiring.ingest(worker.parts).profile.put(long, lambda _: None, activate=True)
    reserved: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        values = params.get("ExpressionAttributeValues", {})
        if ":budget" in values:
            reserved.append(int(values[":ticks"]["N"]))

    worker.parts.dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", note)
    worker.standin.books.next_replies.extend(["broken_json", "broken_json"])
    worker.run(*worker.conversations(2))
    day = worker.parts.now().date().isoformat()
    spent = int(worker.state(f"spend#{day}")["ticks"]["N"])
    assert sum(reserved) >= spent > 2 * 3_000 * 20_000
