"""Verifies quotes: finds what Grok claims to quote in the conversation itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from grok_insights.domain.conversation import Role, Turn
from grok_insights.domain.insight import Quote
from grok_insights.domain.searchable import Searchable

MAX_QUOTES: Final = 2
"""The largest number of quotes of an insight."""

MAX_QUOTE_CHARS: Final = 300
"""The largest number of code points of a quote."""

MIN_QUOTE_BYTES: Final = 6
"""The smallest UTF-8 size of a quote: six Latin letters, or two Chinese ones."""

MAX_CLAIMS: Final = 10
"""How many claimed quotes are looked for."""

_EDGES: Final = " .'"
_ROLE: Final = re.compile(rf"(?:{'|'.join(Role)}): ?", re.IGNORECASE)


def verified(
    claims: Sequence[object], text: str, turns: Sequence[Turn], placeholders: Sequence[str] = ()
) -> tuple[tuple[Quote, ...], int]:
    """Return the quotes that are in a conversation, and the number of claims that are not.

    Quotation marks, dots and white space around a claim do not count. The turns of the customer
    are searched first. A quote that overlaps another one is left out.

    Parameters
    ----------
    claims : Sequence[object]
        What Grok claims to quote. What is no text is not in the conversation.
    text : str
        The stored text, which is searched if there are no turns.
    turns : Sequence[Turn]
        The turns of the conversation.
    placeholders : Sequence[str]
        Texts that no quote may contain.
    """
    places = _Places(text, turns, placeholders)
    found = [places.quote(claim) for claim in islice(claims, MAX_CLAIMS)]
    quotes: list[Quote] = []
    for quote in found:
        if quote and len(quotes) < MAX_QUOTES and not _overlaps(quote, quotes):
            quotes.append(quote)
    return tuple(quotes), len(claims) - sum(quote is not None for quote in found)


class _Places:
    """The texts of a conversation in the order in which they are searched."""

    def __init__(self, text: str, turns: Sequence[Turn], placeholders: Sequence[str]) -> None:
        self._placeholders = placeholders
        self._has_turns = bool(turns)
        by_customer = sorted(enumerate(turns), key=lambda it: it[1].role is not Role.CUSTOMER)
        self._texts: list[tuple[int | None, str]] = (
            [(index, turn.text) for index, turn in by_customer] if turns else [(None, text)]
        )
        self._searchable: dict[int | None, Searchable] = {}

    def quote(self, claim: object) -> Quote | None:
        """Return the quote that a claim means; None if it is not in the conversation."""
        if not isinstance(claim, str) or len(claim) > 2 * MAX_QUOTE_CHARS:
            return None
        for wanted in self._wanted(claim):
            for turn, text in self._texts:
                span = self._in(turn, text).find(wanted)
                if span and self._may_be_quoted(text[slice(*span)]):
                    return Quote(text[slice(*span)], *span, turn)
        return None

    def _may_be_quoted(self, part: str) -> bool:
        is_redacted = any(placeholder in part for placeholder in self._placeholders)
        return len(part) <= MAX_QUOTE_CHARS and not is_redacted

    def _wanted(self, claim: str) -> Iterator[str]:
        """Yield the claim, normalised, also without the speaker that Grok reads before a turn."""
        content = Searchable(claim).content.strip(_EDGES)
        without_role = _ROLE.sub("", content, count=1) if self._has_turns else content
        for wanted in dict.fromkeys((content, without_role.strip(_EDGES))):
            if len(wanted.encode(errors="replace")) >= MIN_QUOTE_BYTES:
                yield wanted

    def _in(self, turn: int | None, text: str) -> Searchable:
        if turn not in self._searchable:
            self._searchable[turn] = Searchable(text)
        return self._searchable[turn]


def _overlaps(quote: Quote, others: Iterable[Quote]) -> bool:
    return any(
        quote.turn == other.turn and quote.start < other.end and other.start < quote.end
        for other in others
    )
