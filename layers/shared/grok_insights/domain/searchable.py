"""A text in which quotes are found in spite of other white space, typography or Unicode form."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

MAX_CLUSTER_CHARS: Final = 32
"""A longer sequence of marks is cut, since ordering them takes quadratic time."""

MAX_EXPANSION: Final = 4
"""A character that has more characters in NFKD, such as a ligature of a whole phrase, is kept."""

MAX_OCCURRENCES: Final = 1_000
"""How many occurrences of a quote are checked."""

_ZERO_WIDTH_JOINER: Final = "\u200d"
_PLAIN: Final = str.maketrans(
    dict.fromkeys('"`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033', "'")
    | dict.fromkeys("\u00ab\u00bb\u2039\u203a\u300c\u300d\u300e\u300f\uff02\uff07", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d", "-")
)
_COLLAPSED: Final = frozenset(" -.'")
"""Characters of which several in a row count as one."""

_IGNORED: Final = range(0xFE00, 0xFE10)
"""Variation selectors, which decide only how a character looks."""


class Searchable:
    """A normalised text whose characters know from which span of the original they come.

    ``content`` has plain quotation marks and dashes, single blanks, no invisible characters and
    compatibility decomposition (NFKD).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        characters: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in _clusters(text):
            for char in _normalised(text[start:end]):
                if char in _COLLAPSED and characters and characters[-1] == char:
                    self._ends[-1] = end
                    continue
                characters.append(char)
                self._starts.append(start)
                self._ends.append(end)
        self.content = "".join(characters)
        self._folded: tuple[str, list[int]] | None = None

    def find(self, wanted: str) -> tuple[int, int] | None:
        """Return the span of a normalised text in the original: the first with the same case.

        Returns
        -------
        tuple[int, int] | None
            Offsets in code points, the end not included. None if there is none that begins and
            ends between two characters as people see them, and between two words.
        """
        return self._find_exact(wanted) or self._find_folded(wanted.casefold())

    def _find_exact(self, wanted: str) -> tuple[int, int] | None:
        for start in _occurrences(self.content, wanted):
            span = self._original(start, start + len(wanted))
            if span:
                return span
        return None

    def _find_folded(self, wanted: str) -> tuple[int, int] | None:
        folded, ends = self._fold()
        for at in _occurrences(folded, wanted):
            start, end = bisect_left(ends, at + 1), bisect_left(ends, at + len(wanted))
            is_whole = at == (ends[start - 1] if start else 0) and ends[end] == at + len(wanted)
            span = self._original(start, end + 1) if is_whole else None
            if span:
                return span
        return None

    def _fold(self) -> tuple[str, list[int]]:
        """Return the text without case, and where each character of `content` ends in it."""
        if self._folded is None:
            parts = [char.casefold() for char in self.content]
            ends, end = [], 0
            for part in parts:
                end += len(part)
                ends.append(end)
            self._folded = "".join(parts), ends
        return self._folded

    def _original(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the original span of a part of `content`, if it cuts no character and no word."""
        if self._is_cut_at(start) or self._is_cut_at(end):
            return None
        return self._starts[start], self._ends[end - 1]

    def _is_cut_at(self, at: int) -> bool:
        if not 0 < at < len(self.content):
            return False
        return self._starts[at] == self._starts[at - 1] or _is_inside(self.content, at)


def _occurrences(text: str, wanted: str) -> Iterator[int]:
    start = text.find(wanted) if wanted else -1
    for _ in range(MAX_OCCURRENCES):
        if start < 0:
            return
        yield start
        start = text.find(wanted, start + 1)


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the characters as people see them: a letter with its marks, an emoji."""
    if text.isascii():
        yield from zip(range(len(text)), range(1, len(text) + 1), strict=True)
        return
    start = 0
    for at in range(1, len(text)):
        if at - start >= MAX_CLUSTER_CHARS or not _joins(text[at], text[at - 1]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


def _joins(char: str, before: str) -> bool:
    """Return whether a character belongs to the one before it."""
    if char.isascii():
        return before == _ZERO_WIDTH_JOINER and not char.isspace()
    return (
        before == _ZERO_WIDTH_JOINER
        or unicodedata.category(char) in {"Mn", "Mc", "Me", "Cf"}
        or "\u1160" <= char <= "\u11ff"  # the second and third letter of a Korean syllable
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # tones of skin
    )


def _normalised(cluster: str) -> str:
    plain = cluster.translate(_PLAIN)
    if plain.isascii():
        return " " if plain.isspace() else plain
    decomposed = unicodedata.normalize("NFKD", plain)
    if len(decomposed) > MAX_EXPANSION * len(plain):
        decomposed = plain
    kept = (char for char in decomposed if not _is_ignored(char))
    return "".join(" " if char.isspace() else char for char in kept)


def _is_ignored(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or ord(char) in _IGNORED


def _is_inside(content: str, at: int) -> bool:
    """Return whether a position is inside a word of a script with capitals, or inside a number."""
    before, after = content[at - 1], content[at]
    if _is_of_word(before) and _is_of_word(after):
        return True
    around = content[max(0, at - 2) : at + 2]
    return any(
        part[0].isdigit() and part[1] in ".,'" and part[2].isdigit()
        for part in (around[:3], around[-3:])
        if len(part) == 3
    )


def _is_of_word(char: str) -> bool:
    return char.isdigit() or char.lower() != char.upper() or unicodedata.combining(char) > 0
