"""CPU of one call: our client and the openai SDK, side by side in one interleaved run.

The same prompt, schema and stand-in; each side builds the request and reads the answer into an
object, ours into the insight's analysis and its bill.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from openai import OpenAI

from grok_insights.grok.prompt import Prompt
from grok_insights.grok.real import RealGrok, new_client
from grok_insights.grok.request import RequestForm, built_in_prompt, fenced, schema
from scripts.bench.figure import Figure
from scripts.bench.standin_process import standin_process

ROUNDS, CALLS = 20, 25
MODEL, KEY = "grok-4.20-non-reasoning", "xai-bench"
TEXT = "Customer: My parcel is late. Agent: I am sorry, it will come tomorrow. " * 10


def figures() -> Iterator[Figure]:
    """Milliseconds of CPU for a call on each side, and their ratio."""
    with standin_process(latency_seconds=0.0) as standin:
        ours, theirs = _ours(standin.address), _theirs(standin.address)
        for call in (ours, theirs):
            _cpu_ms(call)
        rounds = [(_cpu_ms(ours), _cpu_ms(theirs)) for _ in range(ROUNDS)]
    ratio = statistics.median(one / other for one, other in rounds)
    yield Figure("CPU of a call, ours", statistics.median(one for one, _ in rounds), "ms")
    yield Figure("CPU of a call, openai SDK", statistics.median(other for _, other in rounds), "ms")
    yield Figure("CPU of a call, ours / openai SDK", ratio, "", 0.5)


def _cpu_ms(call: Callable[[], object]) -> float:
    begun = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - begun) * 1000 / CALLS


def _ours(address: str) -> Callable[[], object]:
    client, deadline = new_client(address, 30.0)
    grok = RealGrok(
        client=client,
        deadline=deadline,
        form=RequestForm(MODEL),
        key=lambda: KEY,
        forget_key=lambda: None,
        usd_per_1k=Decimal("0.002"),
        longest_call_seconds=30.0,
    )
    return lambda: grok.analyse(Prompt("0b5a4f5e-3c1f-5f0e-8f57-2f9d3c0f4a11", TEXT))


def _theirs(address: str) -> Callable[[], object]:
    client = OpenAI(base_url=address, api_key=KEY, max_retries=0)
    wanted, instructions = schema(), built_in_prompt()

    def call() -> object:
        answer = client.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": instructions},
                {"role": "user", "content": fenced(TEXT)},
            ],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "insight", "strict": True, "schema": wanted},
            },
        )
        return json.loads(answer.choices[0].message.content or "")

    return call
