"""Send the same request with our client, the openai SDK and litellm to the stand-in.

Each builds the request and reads the answer into an object; ours into the insight's analysis and
its cost. Runs in one process in its own environment and writes JSON.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import litellm
from openai import OpenAI

from benchmarks.comparison import interleaved
from grok_insights.domain.profile import BUILT_IN
from grok_insights.grok.prompt import Prompt
from grok_insights.grok.real import RealGrok, new_client
from grok_insights.grok.request import RequestForm, fenced, static_part

ROUNDS, CALLS = 15, 20
MODEL, KEY = "grok-4.20-non-reasoning", "xai-bench"
TEXT = "Customer: My parcel is late. Agent: I am sorry, it will come tomorrow. " * 10


def ours(address: str) -> Callable[[], object]:
    """Return a call with our client."""
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


def asked() -> dict[str, Any]:
    """Return the request that the two others send, which equals ours."""
    static = static_part(BUILT_IN, "")
    return {
        "messages": [
            {"role": "system", "content": static.system},
            {"role": "user", "content": fenced(TEXT)},
        ],
        "response_format": static.response_format,
    }


def by_openai(address: str) -> Callable[[], object]:
    """Return a call with the openai SDK, as xAI's manual shows it."""
    client, request = OpenAI(base_url=address, api_key=KEY, max_retries=0), asked()

    def call() -> object:
        answer = client.chat.completions.create(model=MODEL, **request)
        return json.loads(answer.choices[0].message.content or "")

    return call


def by_litellm(address: str) -> Callable[[], object]:
    """Return a call with litellm, which knows xAI by its name."""
    request = asked()

    def call() -> object:
        answer: Any = litellm.completion(
            model=f"xai/{MODEL}", api_base=address, api_key=KEY, num_retries=0, **request
        )
        return json.loads(answer.choices[0].message.content or "")

    return call


def cpu_ms(call: Callable[[], object]) -> float:
    """Return the milliseconds of CPU of one call."""
    begun = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - begun) * 1000 / CALLS


def main() -> None:
    """Measure, and write every round as JSON."""
    address = os.environ["BENCH_STANDIN"]
    sides = {"ours": ours, "openai SDK": by_openai, "litellm": by_litellm}
    calls = {name: side(address) for name, side in sides.items()}
    for call in calls.values():
        call()
    gc.collect()
    gc.freeze()
    comparison = {name: partial(cpu_ms, call) for name, call in calls.items()}
    print(json.dumps(interleaved(comparison, ROUNDS)))


if __name__ == "__main__":
    main()
