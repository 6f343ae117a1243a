"""Removes e-mail addresses, card numbers and phone numbers from a text, in doubt too many.

Order numbers, dates and amounts stay, since a conversation is about them. Names and postal
addresses stay too, since no pattern finds them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, NamedTuple

EMAIL: Final = "[email]"
CARD: Final = "[card]"
PHONE: Final = "[phone]"
PLACEHOLDERS: Final = (EMAIL, CARD, PHONE)

SHORTEST_CARD: Final = 13
LONGEST_CARD: Final = 19

# Between the digits of one number: blanks, dots, dashes of all kinds, slashes, brackets.
_GAP: Final = "[ \u00a0\u202f.\u2010-\u2015/()-]"

_EMAIL: Final = re.compile(r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS: Final = re.compile(rf"\d(?:{_GAP}{{0,2}}\d){{{SHORTEST_CARD - 1},}}")
_PHONE: Final = re.compile(
    rf"""(?<![\w.,$€£#])(?!\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}})(?:
        (?:\+|00){_GAP}?\d(?:{_GAP}{{0,3}}\d){{6,14}}          # +44 (0)20 7946 0958, 0049 171 …
      | \(\d{{2,5}}\)(?:{_GAP}{{0,2}}\d){{5,10}}               # (555) 123-4567
      | (?:1[ .-])?\d{{3}}[ .-]\d{{3}}[ .-]\d{{4}}             # 555-123-4567
      | 0\d(?:{_GAP}{{0,2}}\d){{7,11}}                         # 0171 1234567
    )(?!\w)""".replace("[ .-]", "[\\ .-]").replace("[ \u00a0", "[\\ \u00a0"),
    re.VERBOSE,
)


def redacted(text: str) -> str:
    """Return the text with ``[email]``, ``[card]`` and ``[phone]`` instead of what was found."""
    return Redaction(text).text


class _Found(NamedTuple):
    """A span that is redacted."""

    start: int
    end: int
    placeholder: str


class Redaction:
    """A text without private data, and where its parts are in the original. See `redacted`."""

    def __init__(self, original: str) -> None:
        emails = _Replacement(original, _matches(_EMAIL, original, EMAIL))
        cards = _Replacement(emails.text, _cards(emails.text))
        phones = _Replacement(cards.text, _matches(_PHONE, cards.text, PHONE))
        self.text = phones.text
        self._steps = (phones, cards, emails)

    def original_span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a part of the redacted text is in the original.

        Both have the same characters. None if something in the part was redacted.
        """
        span: tuple[int, int] | None = (start, end)
        for step in self._steps:
            span = step.span_before(*span) if span else None
        return span


class _Replacement:
    """One step: a text in which spans, in their order, are replaced by placeholders."""

    def __init__(self, text: str, spans: Iterable[_Found]) -> None:
        parts: list[str] = []
        self._starts, self._ends, self._shifts = list[int](), list[int](), list[int]()
        copied = length = 0
        for start, end, placeholder in spans:
            parts += [text[copied:start], placeholder]
            length += start - copied
            self._starts.append(length)
            length += len(placeholder)
            self._ends.append(length)
            self._shifts.append(end - length)
            copied = end
        self.text = "".join([*parts, text[copied:]])

    def span_before(self, start: int, end: int) -> tuple[int, int] | None:
        """Return a span before this step; None if it has a part of a placeholder."""
        index = bisect_right(self._starts, end - 1) - 1
        if index < 0:
            return start, end
        shift = self._shifts[index]
        return None if self._ends[index] > start else (start + shift, end + shift)


def _matches(pattern: re.Pattern[str], text: str, placeholder: str) -> Iterator[_Found]:
    return (_Found(*match.span(), placeholder) for match in pattern.finditer(text))


def _cards(text: str) -> Iterator[_Found]:
    """Yield the card numbers in a text: in each sequence of digits, wherever they begin."""
    for run in _DIGITS.finditer(text):
        places = [index for index, char in enumerate(run[0], run.start()) if char.isdecimal()]
        checksums = _Checksums([int(text[index]) for index in places])
        first = 0
        while first + SHORTEST_CARD <= len(places):
            end = checksums.card_from(first)
            if end is not None:
                yield _Found(places[first], places[end - 1] + 1, CARD)
            first = first + 1 if end is None else end


class _Checksums:
    """Luhn's checksum of any part of a number, in constant time, since a text may be an attack."""

    def __init__(self, digits: list[int]) -> None:
        self.digits = digits
        doubled = [2 * digit - 9 * (digit > 4) for digit in digits]
        # The sums of the digits before each index, if those at even (odd) indexes count once.
        self.sums = [
            [
                0,
                *accumulate(
                    (digits if i % 2 == parity else doubled)[i] for i in range(len(digits))
                ),
            ]
            for parity in (0, 1)
        ]

    def card_from(self, first: int) -> int | None:
        """Return the end of the longest card number that begins at ``first``, or None."""
        longest = min(first + LONGEST_CARD, len(self.digits))
        for end in range(longest, first + SHORTEST_CARD - 1, -1):
            sums = self.sums[(end - 1) % 2]
            if (sums[end] - sums[first]) % 10 == 0 and any(self.digits[first:end]):
                return end
        return None
