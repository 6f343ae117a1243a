"""What a conversation is about: known concerns of support desks, then phrases it comes back to."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from grok_insights.domain.insight import MAX_TOPICS
from grok_insights.grok.heuristics import word_lists
from grok_insights.grok.heuristics.transcript import Transcript

MAX_TOPICS_OF_SHORT = 3
MAX_TOPIC_CHARS = 40

_CONCEPT_BASE = 3.0
_HEARD_ENOUGH = 0.6
_LONGEST_PHRASE_WORDS = 2
_PHRASE_FLOOR = 2.0
"""A phrase scoring less is chance: it was said once, with nothing to show that it is a noun."""

_SURE, _ENOUGH_TOPICS = 2.6, 2
_SHORT_WORDS = 12

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


def topics_of(transcript: Transcript) -> tuple[str, ...]:
    """Return up to five snake_case topics, the weightiest first; none where no word can be one."""
    said = " \n ".join(turn.text for turn in transcript.customer_turns)
    heard = " \n ".join(turn.text for turn in transcript.turns)
    concepts, covered = _concepts(_plain_lower(said), _plain_lower(heard))
    phrases = _phrases(said, transcript.names | _proper_names(heard))
    news = {one: score for one, score in phrases.items() if not covered & set(one.split("_"))}
    scores = news | concepts
    ranked = sorted(_telling(scores), key=lambda topic: (-scores[topic], topic))
    limit = MAX_TOPICS if len(said.split()) > _SHORT_WORDS else MAX_TOPICS_OF_SHORT
    return tuple(_distinct(ranked))[:limit]


def _concepts(mine: str, all_of_it: str) -> tuple[dict[str, float], set[str]]:
    """Score the known concerns, and return the words that they cover.

    What only the agent names counts less, and not at all where it is named once.
    """
    scores, covered = dict[str, float](), set[str]()
    for topic, pattern in _concept_table():
        own = list(pattern.finditer(mine))
        heard = len(pattern.findall(all_of_it)) if all_of_it != mine else len(own)
        total = 0.7 * len(own) + 0.3 * heard
        if total >= _HEARD_ENOUGH:
            early = 1.0 - own[0].start() / len(mine) if own else -2.0
            scores[topic] = _CONCEPT_BASE + math.log1p(total) + early + 0.5 * topic.count("_")
            covered |= {_singular(word) for match in own for word in match[0].split()}
            covered |= set(topic.split("_"))
    return scores, covered


def _telling(scores: dict[str, float]) -> list[str]:
    """Leave out single words said once, unless there is little else."""
    strong = [topic for topic, score in scores.items() if score >= _SURE or "_" in topic]
    return strong if len(strong) >= _ENOUGH_TOPICS else list(scores)


@cache
def _concept_table() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (topic, re.compile(rf"\b(?:{pattern})(?!\w)"))
        for topic, pattern in word_lists.pairs("concepts.txt")
    ]


def _phrases(said: str, names: frozenset[str]) -> dict[str, float]:
    """Score noun-like phrases: those after an article, said again, or said early weigh more."""
    counts: Counter[str] = Counter()
    scores: dict[str, float] = {}
    for position, (phrase, is_introduced) in enumerate(_candidates(said, names)):
        counts[phrase] += 1
        gain = 1.6 if is_introduced else 0.7
        early = 0.5 / (1 + position / 4)
        scores[phrase] = scores.get(phrase, early) + gain * (1.0 if counts[phrase] < 4 else 0.3)
    weighed = {phrase: score + 0.3 * phrase.count("_") for phrase, score in scores.items()}
    return {phrase: score for phrase, score in weighed.items() if score >= _PHRASE_FLOOR}


def _candidates(said: str, names: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield each run of words that could name something, and whether a determiner leads it in."""
    tokens = [_fold(token) for token in _TOKEN.findall(said)]
    usable = [_is_usable(token, names) for token in tokens]
    start = 0
    for is_run, run in groupby(usable):
        length = len(list(run))
        if is_run:
            phrase = _noun_phrase(tokens[start : start + length])
            if phrase:
                yield phrase, start > 0 and _leads_in(tokens, start)
        start += length


def _leads_in(tokens: list[str], start: int) -> bool:
    """Tell whether a determiner stands before, perhaps with one plain adjective in between."""
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
    kept[-1] = _singular(kept[-1])
    topic = "_".join(word.replace("-", "_") for word in kept)
    return topic if len(topic) <= MAX_TOPIC_CHARS else ""


def _is_participle(word: str) -> bool:
    return bool(_PARTICIPLE.search(word)) and word not in word_lists.words("nouns_in_ing.txt")


def _is_usable(token: str, names: frozenset[str]) -> bool:
    if not _WORD.fullmatch(token) or token in names or token.endswith("-"):
        return False
    stopwords = word_lists.words("stopwords.txt")
    return token not in stopwords and _singular(token) not in stopwords


def _proper_names(text: str) -> frozenset[str]:
    """Return the lower-case words of names: what people are called, and capitals in a sentence.

    A person's name cannot be told from a place's, so neither becomes a topic.
    """
    called = {word.lower() for match in _INTRODUCED.finditer(text) for word in match[1].split()}
    inside = {word.lower() for word in _CAPITAL_INSIDE.findall(text)} - set(text.split())
    return frozenset(called | inside)


def _distinct(ranked: list[str]) -> Iterator[str]:
    """Yield topics in order, without those whose words a more exact one says already."""
    kept: list[set[str]] = []
    for topic in ranked:
        words = set(topic.split("_"))
        others = [set(other.split("_")) for other in ranked[:MAX_TOPICS] if other != topic]
        if not any(words < other for other in others) and words not in kept:
            kept.append(words)
            yield topic


def _plain_lower(text: str) -> str:
    return text.lower().replace("\u2019", "'")


def _fold(token: str) -> str:
    """Lower-case without accents; letters of other scripts stay and are not usable."""
    decomposed = unicodedata.normalize("NFKD", token.lower())
    return "".join(char for char in decomposed if not unicodedata.combining(char)).replace(
        "\u2019", "'"
    )


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "news", "lens")):
        return word
    if word.endswith("ies"):
        return word[:-1] if word in word_lists.words("plurals_in_ies.txt") else f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "buses", "uses")):
        return word[:-2]
    return word[:-1]
