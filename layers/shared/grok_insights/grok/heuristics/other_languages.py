"""How a clause in another language than English feels, by lists of common words. Pure.

A negation near a word turns its feeling. Grammar is not read.
"""

import re
from functools import cache
from typing import Final

from grok_insights.grok.heuristics import word_lists

_NEAR: Final = 2
_TURNED: Final = -0.8
_SPREAD: Final = 15.0
"""VADER's constant, with which a sum of valences becomes a score from -1 to 1."""

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?[\u0900-\u097f]*|[\u0900-\u097f]+")
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NOT_LATIN: Final = re.compile("[\u0370-\u1cff\u3040-\ud7af]")


def score(clause: str) -> float | None:
    """Return the feeling of a clause from -1 to 1; None if it may be English."""
    text = clause.lower()
    words = _WORD.findall(text)
    if not _is_foreign(text, words):
        return None
    valence = _unspaced(text) if _UNSPACED.search(text) else _spaced(words)
    return valence / float((valence * valence + _SPREAD) ** 0.5)


def _is_foreign(text: str, words: list[str]) -> bool:
    if len(_NOT_LATIN.findall(text)) > sum(map(len, words)) / 3:
        return True
    foreign, english = _function_words()
    others = sum(word in foreign or word in _lexicon()[0] for word in words)
    return others > sum(word in english for word in words)


def _spaced(words: list[str]) -> float:
    parts: list[list[str]] = [[]]
    for word in words:
        if word in word_lists.words("other_conjunctions.txt"):
            parts.append([])
        else:
            parts[-1].append(word)
    return sum(map(_sum, parts))


def _sum(words: list[str]) -> float:
    negations, total = word_lists.words("other_negations.txt"), 0.0
    for place, word in enumerate(words):
        valence = _valence("_".join(words[place : place + 2])) or _valence(word)
        around = words[max(0, place - _NEAR) : place] + words[place + 1 : place + 1 + _NEAR]
        total += valence if negations.isdisjoint(around) else valence * _TURNED
    return total


def _valence(word: str) -> float:
    whole, stems = _lexicon()
    if word in whole:
        return whole[word]
    ends = range(len(word), 2, -1)
    return next((stems[word[:end]] for end in ends if word[:end] in stems), 0.0)


def _unspaced(text: str) -> float:
    """Return the sum of all words of a text without spaces; a long word hides those within it."""
    pattern, whole = _unspaced_words()
    return sum(whole[found] for found in pattern.findall(text))


@cache
def _unspaced_words() -> tuple[re.Pattern[str], dict[str, float]]:
    whole = {
        word.replace("_", " "): valence
        for word, valence in _lexicon()[0].items()
        if _UNSPACED.search(word)
    }
    return re.compile("|".join(sorted(whole, key=len, reverse=True))), whole


@cache
def _lexicon() -> tuple[dict[str, float], dict[str, float]]:
    """Return the valences of whole words, and of stems."""
    whole: dict[str, float] = {}
    stems: dict[str, float] = {}
    for valence, words in word_lists.pairs("other_languages.txt"):
        for word in words.split():
            (stems if word.endswith("*") else whole).setdefault(word.rstrip("*"), float(valence))
    return whole, stems


@cache
def _function_words() -> tuple[frozenset[str], frozenset[str]]:
    lines = word_lists.lines("function_words.txt")
    border = lines.index("---")
    foreign = {word for line in lines[:border] for word in line.split()}
    english = {word for line in lines[border:] for word in line.split()}
    return frozenset(foreign - english), frozenset(english)
