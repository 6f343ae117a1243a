"""How a customer feels, by rule: VADER's lexicon, and what support desks hear beyond it.

Knows nothing of speakers: it is given the customer's pieces of text with their weights.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Protocol

from grok_insights.domain.insight import Sentiment
from grok_insights.grok.heuristics import other_languages, word_lists

TEXT_BAND = (-0.03, 0.03)
"""Scores of a single text between these are neutral. ``make evaluate`` measures the effect."""

DIALOGUE_BAND = (-0.09, 0.3)
"""The same for the customer's side of a dialogue, which is full of courtesies."""

_UNFELT_IN_TEXT, _UNFELT_IN_DIALOGUE = 0.05, 0.15
"""How far a clause without feeling dilutes the feelings of the others."""

_BEFORE_CONTRAST, _AFTER_CONTRAST = 0.5, 1.4
_UNREAL, _QUESTION = 0.3, 0.8
_LONGEST_CLAUSE_WORDS, _LONGEST_CLAUSE_CHARS, _MOST_EMOJI = 60, 600, 8
"""VADER's time grows with the square of the words, and it reads an emoji as several."""

_NOT = (
    r"(?:(?:do|does|did|is|are|was|were|has|have|had|wo|would|could|ca|should|ai)n'?t"
    r"|(?:can|do|does|did|is|are|was|were|has|have|had|would|could|will|should)? ?not"
    r"|cannot|never|unable to)"
)
_SENTENCE_END = re.compile(r"(?<=[.!?;\n])\s+|\n+|\s-{1,2}>?\s")
_CONTRAST = re.compile(
    r"\b(?:but|however|yet|unfortunately|sadly|nevertheless|nonetheless|except(?: that)?"
    r"|on the other hand)\b"
)
_CONCESSION = re.compile(
    r"^\W*(?:although|though|even though|while|whilst|despite|in spite of)\b([^,]*),(.+)$",
    re.DOTALL,
)
_EMOJI = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")
_UNREAL_CUE = re.compile(r"\b(?:if|wish|hope|unless|until|(?:would|should|could) (?:be|have))\b")


class _Lexicon(Protocol):
    def polarity_scores(self, text: str) -> dict[str, float]: ...


def of_text(text: str) -> Sentiment:
    """Say how the writer of a single text feels."""
    return _class_of(feeling(text), TEXT_BAND)


def of_dialogue(turns: Iterable[tuple[str, float]]) -> Sentiment:
    """Say how the customer feels on the whole, from each turn's text and weight."""
    votes = [(value, weight * share) for text, weight in turns for value, share in _clauses(text)]
    return _class_of(_mean(votes, _UNFELT_IN_DIALOGUE), DIALOGUE_BAND)


def _class_of(score: float, neutral: tuple[float, float]) -> Sentiment:
    if neutral[0] < score < neutral[1]:
        return Sentiment.NEUTRAL
    return Sentiment.POSITIVE if score > 0 else Sentiment.NEGATIVE


def feeling(text: str) -> float:
    """Score one text from -1 (negative) to 1 (positive), 0 if it shows no feeling."""
    return _mean(_clauses(text), _UNFELT_IN_TEXT)


def _mean(votes: list[tuple[float, float]], unfelt_weight: float) -> float:
    """Average the (score, weight) votes so that a strong feeling drowns a weak one."""
    felt = sum(abs(value) * weight for value, weight in votes)
    unfelt = sum(weight for value, weight in votes if not value)
    total = felt + unfelt * unfelt_weight
    return sum(value * abs(value) * weight for value, weight in votes) / total if total else 0.0


def _clauses(text: str) -> list[tuple[float, float]]:
    """Return (score, weight) of each clause; a "but" takes weight from what was said before."""
    votes: list[tuple[float, float]] = []
    for sentence in _SENTENCE_END.split(text.replace("\u2019", "'")):
        if _CONTRAST.match(sentence.lower()):
            votes = [(value, weight * _BEFORE_CONTRAST) for value, weight in votes]
        parts = [(part, weight) for part, weight in _weighed_clauses(sentence) if part.strip()]
        votes += [(_clause_score(part), weight) for part, weight in parts]
    return votes


def _weighed_clauses(sentence: str) -> Iterable[tuple[str, float]]:
    conceded = _CONCESSION.match(sentence.lower())
    if conceded:
        yield sentence[: conceded.end(1)], _BEFORE_CONTRAST
        yield sentence[conceded.end(1) :], _AFTER_CONTRAST
        return
    cuts = [match.span() for match in _CONTRAST.finditer(sentence.lower())]
    if not cuts or len(sentence.lower()) != len(sentence):
        yield sentence, 1.0
        return
    start = 0
    for begin, end in cuts:
        yield sentence[start:begin], _BEFORE_CONTRAST if start == 0 else 1.0
        start = end
    yield sentence[start:], _AFTER_CONTRAST


def _clause_score(clause: str) -> float:
    foreign = other_languages.score(_bounded(clause))
    if foreign is not None:
        return foreign
    score = _lexicon().polarity_scores(_mark_phrases(_bounded(clause)))["compound"]
    if score > 0 and _UNREAL_CUE.search(clause.lower()):
        score *= _UNREAL
    return score * _QUESTION if score > 0 and clause.rstrip().endswith("?") else score


def _bounded(clause: str) -> str:
    words = " ".join(clause.split()[:_LONGEST_CLAUSE_WORDS])[:_LONGEST_CLAUSE_CHARS]
    emoji = [match.end() for match in _EMOJI.finditer(words)]
    return words[: emoji[_MOST_EMOJI - 1]] if len(emoji) > _MOST_EMOJI else words


def _mark_phrases(clause: str) -> str:
    """Put its code word in each known phrase's place; the lexicon holds the codes' valences."""
    for code, pattern in _phrases():
        clause = pattern.sub(f" {code} ", clause)
    return clause


@cache
def _lexicon() -> _Lexicon:
    from vaderSentiment.vaderSentiment import (  # type: ignore[import-untyped]  # ships no types
        SentimentIntensityAnalyzer,
    )

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon |= {
        word: float(valence) for word, valence in map(str.split, word_lists.lines("valence.txt"))
    }
    analyzer.lexicon |= {code: valence for code, valence, _ in _phrase_table()}
    return analyzer  # type: ignore[no-any-return]  # ships no types


def _phrases() -> list[tuple[str, re.Pattern[str]]]:
    return [(code, pattern) for code, _, pattern in _phrase_table()]


@cache
def _phrase_table() -> list[tuple[str, float, re.Pattern[str]]]:
    table = []
    for number, (valence, pattern) in enumerate(word_lists.pairs("phrases.txt")):
        table.append(
            (
                f"phrase{number}",
                float(valence),
                re.compile(pattern.replace("{NOT}", _NOT), re.IGNORECASE),
            )
        )
    return table
