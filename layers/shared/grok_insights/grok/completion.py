"""Parses the body of a response with status 200: the answer and its cost, or the error. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from grok_insights.domain import pricing
from grok_insights.domain.insight import Analysis, Cost, CostSource
from grok_insights.errors import AnalysisError, PermanentError, TransientError, UnusableAnswer
from grok_insights.grok import answer, plain_text

if TYPE_CHECKING:
    from grok_insights.grok.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Completion:
    """A usable answer. ``model`` is the model that answered: xAI redirects retired names.

    ``invalid_values`` is the number of values that a field of the profile cannot have.
    """

    analysis: Analysis
    cost: Cost
    model: str
    invalid_values: int


MAX_MODEL_CHARS: Final = 100

MAX_ANSWER_TOKENS: Final = 200_000
"""The largest number of tokens of an answer with its reasoning. A good one has about 150."""

MAX_TOKENS_PER_CHARACTER: Final = 4
"""A character has at most four bytes in UTF-8, and a token has at least one byte."""


def parse_completion(
    body: bytes, prompt: Prompt, estimate: Cost, usd_per_1k: Decimal, asked_model: str
) -> Completion:
    """Return the answer to a prompt. ``estimate`` is its cost where the body reports none.

    Raises
    ------
    TransientError
        The body contains an error instead of an answer.
    UnusableAnswer
        The answer cannot be used.
    PermanentError
        Grok refused to answer.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _unusable(
            UnusableAnswer, "unreadable", "Grok's answer is not JSON", estimate
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("choices"), list):
        raise TransientError("error_in_answer", "Grok answered with an error")
    cost = cost_of(found.get("usage"), estimate, usd_per_1k)
    parsed = _answer_of(found["choices"], prompt, cost)
    model = _model(found.get("model")) or asked_model
    return Completion(parsed.analysis, cost, model, parsed.invalid_values)


def _model(value: object) -> str:
    """Return the model that answered, shortened and cleaned; empty if it is not a text."""
    return plain_text.cleaned(value[:MAX_MODEL_CHARS]) if isinstance(value, str) else ""


def _unusable(error: type[AnalysisError], code: str, message: str, cost: Cost) -> AnalysisError:
    return error(
        code,
        message,
        tokens=cost.tokens,
        cost_ticks=cost.ticks,
        implausible_ticks=cost.implausible_ticks,
    )


def _answer_of(choices: list[Any], prompt: Prompt, cost: Cost) -> answer.ParsedAnswer:
    choice = choices[0] if choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    reason = choice.get("finish_reason")
    if reason == "content_filter":
        raise _unusable(PermanentError, "moderated", "Grok's filter stopped the answer", cost)
    if message.get("refusal"):
        raise _unusable(PermanentError, "refused", "Grok refused to answer", cost)
    if reason == "length":
        raise _unusable(UnusableAnswer, "cut_off", "Grok's answer was cut off", cost)
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        raise _unusable(UnusableAnswer, "empty", "Grok's answer is empty", cost)
    try:
        return answer.parse_answer(content, prompt)
    except answer.UnreadableAnalysis as error:
        message = f"Grok's answer cannot be used: {error}"
        raise _unusable(UnusableAnswer, "unreadable", message, cost) from None


def cost_of(usage: object, estimate: Cost, usd_per_1k: Decimal) -> Cost:
    """Return the cost of an answer: as billed, otherwise by its tokens, otherwise by estimate.

    A cost that is not plausible is reduced, and the difference is in `Cost.implausible_ticks`. One
    wrong number would otherwise use up the daily budget.
    """
    if not isinstance(usage, dict):
        return estimate
    tokens, ticks = _tokens(usage), _count(usage, "cost_in_usd_ticks")
    most = max_tokens(estimate)
    counted = estimate.tokens if tokens is None else min(tokens, most)
    if ticks is not None:
        price = max(pricing.MAX_USD_PER_1K, usd_per_1k)
        kept = min(ticks, pricing.ticks(counted, price))
        source = CostSource.REPORTED if kept == ticks else CostSource.ESTIMATED
        return Cost(counted, kept, source, implausible_ticks=ticks - kept)
    if tokens is None:
        return estimate
    kept = pricing.ticks(counted, usd_per_1k)
    source = CostSource.PRICED if counted == tokens else CostSource.ESTIMATED
    return Cost(counted, kept, source, pricing.ticks(tokens, usd_per_1k) - kept)


def max_tokens(estimate: Cost) -> int:
    """Return the largest plausible number of tokens of a call with this estimated cost."""
    prompt = estimate.tokens * pricing.CHARACTERS_PER_TOKEN * MAX_TOKENS_PER_CHARACTER
    return prompt + MAX_ANSWER_TOKENS


def _tokens(usage: dict[str, Any]) -> int | None:
    """Return ``total_tokens``, which includes reasoning, or else the sum of the parts."""
    total = _count(usage, "total_tokens")
    if total is not None:
        return total
    details = usage.get("completion_tokens_details")
    parts = [_count(usage, "prompt_tokens"), _count(usage, "completion_tokens")]
    reasoning = _count(details, "reasoning_tokens") if isinstance(details, dict) else None
    known = [part for part in (*parts, reasoning) if part is not None]
    return sum(known) if known else None


def _count(found: dict[str, Any], name: str) -> int | None:
    """Return a field that is a whole number from 0; None if it is missing or anything else."""
    value = found.get(name)
    return value if type(value) is int and 0 <= value < 10**18 else None
