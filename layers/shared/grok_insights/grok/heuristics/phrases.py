"""Finds the phrases in a text that can name a topic: runs of words that look like a noun. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from grok_insights.domain.insight import MAX_TOPIC_CHARS
from grok_insights.grok.heuristics import word_lists

_LONGEST_PHRASE_WORDS = 2
_TOKEN = re.compile(r"\[\w+\]|[^\W_]+(?:['\u2019-][^\W_]+)*|[^\w\s]")
_WORD = re.compile(r"[a-z][a-z-]{2,23}|5g|4g|4k|3d|tv")
_INTRODUCED = re.compile(
    r"\b(?:[Mm]y name is|[Tt]his is|[Ii]'?m|[Ii] am|[Hh]i|[Hh]ello|[Hh]ey|[Dd]ear"
    r"|[Tt]hanks?(?: you)?(?: so much)?|[Rr]egards|[Mm]r|[Mm]rs|[Mm]s|[Dd]r),?\.?"
    r" ((?:[A-Z][a-z]+ ?){1,2})"
)
_CAPITAL_INSIDE = re.compile(r"(?<=[a-z0-9,&] )[A-Z][a-z]+")
_VERB_ENDING = re.compile(r"(?:ly|ed|n't)$")
_PARTICIPLE = re.compile(r"ing$")


def noun_phrases(said: str, names: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield each phrase in snake_case, and whether a determiner such as "my" precedes it.

    ``names`` are the lower-case words of names that are known. Words of names are not yielded.
    """
    tokens = [_fold(token) for token in _TOKEN.findall(said)]
    usable = [_is_usable(token, names) for token in tokens]
    start = 0
    for is_run, run in groupby(usable):
        length = len(list(run))
        if is_run:
            phrase = _noun_phrase(tokens[start : start + length])
            if phrase:
                yield phrase, start > 0 and _is_introduced(tokens, start)
        start += length


def _is_introduced(tokens: list[str], start: int) -> bool:
    """Return whether a determiner precedes, directly or with one other word in between."""
    before = tokens[max(0, start - 2) : start]
    return before[-1] in word_lists.words("determiners.txt") or (
        len(before) == 2
        and before[0] in word_lists.words("determiners.txt")
        and before[1].isalpha()
    )


def _noun_phrase(run: list[str]) -> str:
    while run and (_VERB_ENDING.search(run[-1]) or _is_participle(run[-1])):
        run = run[:-1]
    kept = [word for word in run if not word.endswith("ly")][-_LONGEST_PHRASE_WORDS:]
    if not kept:
        return ""
    kept[-1] = singular(kept[-1])
    topic = "_".join(word.replace("-", "_") for word in kept)
    return topic if len(topic) <= MAX_TOPIC_CHARS else ""


def _is_participle(word: str) -> bool:
    return bool(_PARTICIPLE.search(word)) and word not in word_lists.words("nouns_in_ing.txt")


def _is_usable(token: str, names: frozenset[str]) -> bool:
    if not _WORD.fullmatch(token) or token in names or token.endswith("-"):
        return False
    stopwords = word_lists.words("stopwords.txt")
    return token not in stopwords and singular(token) not in stopwords


def proper_names(text: str) -> frozenset[str]:
    """Return the lower-case words of names: what people are called, and capitals in a sentence.

    Names of persons look like names of places, so neither becomes a topic.
    """
    called = {word.lower() for match in _INTRODUCED.finditer(text) for word in match[1].split()}
    inside = {word.lower() for word in _CAPITAL_INSIDE.findall(text)} - set(text.split())
    return frozenset(called | inside)


def _fold(token: str) -> str:
    """Return a token in lower case without accents. Letters of other scripts stay."""
    decomposed = unicodedata.normalize("NFKD", token.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).replace(
        "\u2019", "'"
    )


def singular(word: str) -> str:
    """Return the singular of a lower-case English noun. Other words are returned as they are."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "news", "lens")):
        return word
    if word.endswith("ies"):
        return word[:-1] if word in word_lists.words("plurals_in_ies.txt") else f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "buses", "tuses", "nuses", "ruses")):
        return word[:-2]
    return word[:-1]
