"""One or two of the customer's own sentences that say what it is about; nothing is invented."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grok_insights.grok.heuristics import cleaning, word_lists
from grok_insights.grok.heuristics.sentiment import feeling
from grok_insights.grok.heuristics.transcript import Transcript

MAX_SUMMARY_CHARS = 300

_SHORTEST_WORDS, _LONGEST_WORDS = 4, 45
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])[\"'\u201d)]*\s+|\n+")
_WORD = re.compile(r"[^\W_][\w'\u2019-]*")
_OPENERS = re.compile(
    r"^(?:(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening))\b"
    r"(?: (?:there|all|team|sir|madam|everyone|support))?[,.!:; \u2013\u2014-]+"
    r"|(?:ok(?:ay)?|yes|yeah|no|well|so|um+|oh|sure|thanks?|thank you)\b(?: again)?"
    r"[,.!:;\u2013\u2014-]+ *)+",
    re.IGNORECASE,
)
_ASK = re.compile(
    r"\b(?:i|we)(?:'m|'d| am| would)? ?(?:just |really |also )?"
    r"(?:want|need|like|looking|trying|calling|writing|expect|bought|ordered|booked|received|paid"
    r"|was charged|have been|can't|cannot)\b|\b(?:can|could) (?:you|i)\b|\b(?:my|our) \w+",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"\b(?:have a (?:nice|good|great|lovely)|anything else|you too|bye|my name is"
    r"|that(?:'s| is|'ll be| will be) (?:all|it)|(?:account|order) number|date of birth"
    r"|sounds good|thank you (?:so|very) much)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    place: float
    """Where it stands among all, 0 first to 1 last."""
    words: frozenset[str]
    length: int


def summary_of(transcript: Transcript, topics: tuple[str, ...]) -> str:
    """Return the one or two most telling sentences in their order, at most 300 characters."""
    sentences = list(_sentences(transcript))
    if not sentences:
        return ""
    wanted = frozenset(word for topic in topics for word in topic.split("_"))
    best = max(sentences, key=lambda sentence: _worth(sentence, wanted))
    rest = [other for other in sentences if other is not best and _fits(best, other)]
    second = max(
        rest, key=lambda other: _worth(other, wanted) + _nearness(best, other), default=None
    )
    chosen = [best] if second is None or _worth(second, wanted) < _LEAST_WORTH else [best, second]
    return _shortened(" ".join(one.text for one in sorted(chosen, key=lambda one: one.place)))


_LEAST_WORTH = 1.0
"""A second sentence has to say at least so much to stand in the summary."""


def _sentences(transcript: Transcript) -> Iterator[_Sentence]:
    spoken = [part for turn in transcript.customer_turns for part in _SENTENCE_END.split(turn.text)]
    for index, part in enumerate(spoken):
        text = _tidied(part)
        words = _WORD.findall(text.lower())
        if text:
            yield _Sentence(
                text,
                index / len(spoken),
                frozenset(words) - word_lists.words("stopwords.txt"),
                len(words),
            )


def _tidied(part: str) -> str:
    """Drop greeting words at the front and close with a full stop where a sentence has no end."""
    part = " ".join(part.split()).strip("-*>\u2022 ")
    bare = _OPENERS.sub("", part)
    text = bare if len(_WORD.findall(bare)) >= _SHORTEST_WORDS else part
    text = text[:1].upper() + text[1:]
    return f"{text}." if text[-1:].isalnum() else text


def _worth(sentence: _Sentence, wanted: frozenset[str]) -> float:
    """Weigh topics, feeling, requests and an early place against small talk and fragments."""
    worth = 1.2 * min(3, len(sentence.words & wanted)) + 0.12 * min(10, len(sentence.words))
    worth += 2.0 * abs(feeling(sentence.text)) + (0.8 if _ASK.search(sentence.text) else 0.0)
    worth += 1.8 * (1.0 - sentence.place)
    if not _SHORTEST_WORDS <= sentence.length <= _LONGEST_WORDS:
        worth -= 2.0
    if _SMALL_TALK.search(sentence.text):
        worth -= 2.0
    return worth - (2.0 if _is_private(sentence.text) else 0.0)


def _is_private(text: str) -> bool:
    return cleaning.EMAIL in text or cleaning.NUMBER in text


def _fits(best: _Sentence, other: _Sentence) -> bool:
    is_short_enough = len(best.text) + len(other.text) < MAX_SUMMARY_CHARS
    return is_short_enough and other.length >= _SHORTEST_WORDS and other.text != best.text


def _nearness(best: _Sentence, other: _Sentence) -> float:
    return 0.6 * (1.0 - abs(best.place - other.place))


def _shortened(text: str) -> str:
    if len(text) <= MAX_SUMMARY_CHARS:
        return text
    cut = text[: MAX_SUMMARY_CHARS - 1]
    return f"{cut.rsplit(' ', 1)[0] or cut}\u2026"
