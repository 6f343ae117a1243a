"""Removes e-mail addresses, card numbers and phone numbers from a text, in doubt too many.

Order numbers, dates and amounts stay, since a conversation is about them. Names and postal
addresses stay too, since no pattern finds them.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

EMAIL: Final = "[email]"
CARD: Final = "[card]"
PHONE: Final = "[phone]"

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
    without_cards = _DIGITS.sub(lambda run: _without_cards(run[0]), _EMAIL.sub(EMAIL, text))
    return _PHONE.sub(PHONE, without_cards)


def _without_cards(run: str) -> str:
    """Return a sequence of digits without the card numbers in it, wherever they begin."""
    places = [index for index, char in enumerate(run) if char.isdecimal()]
    checksums = _Checksums([int(run[index]) for index in places])
    kept: list[str] = []
    copied = first = 0
    while first + SHORTEST_CARD <= len(places):
        end = checksums.card_from(first)
        if end is None:
            first += 1
            continue
        kept += [run[copied : places[first]], CARD]
        copied, first = places[end - 1] + 1, end
    return "".join([*kept, run[copied:]])


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
