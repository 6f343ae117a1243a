"""The analysis without Grok: the same text always gives the same answer, without a network.

Pure rules: ``transcript`` finds out who speaks, its siblings sentiment, topics and summary.
"""

import re
from collections.abc import Iterable

from grok_insights.domain.conversation import Turn
from grok_insights.domain.insight import Analysis, Sentiment
from grok_insights.grok.heuristics import word_lists
from grok_insights.grok.heuristics.sentiment import of_dialogue, of_text
from grok_insights.grok.heuristics.summary import summary_of
from grok_insights.grok.heuristics.topics import topics_of
from grok_insights.grok.heuristics.transcript import Transcript, of_turns, parse

_LAST_TURN_WEIGHT = 3.0
"""The customer's last turn counts three times the first: how it ends is how it is remembered."""

_COURTESY_WEIGHT = 0.15
_TOPIC_OF_NOTHING = {
    Sentiment.POSITIVE: "praise",
    Sentiment.NEGATIVE: "complaint",
    Sentiment.NEUTRAL: "general_inquiry",
}


def analyse_text(text: str) -> Analysis:
    """Say what a text is about, how the customer feels, and its gist in their own words."""
    return _analysis_of(parse(text))


def analyse_turns(turns: Iterable[Turn]) -> Analysis:
    """Say the same of a conversation whose speakers are known; neutral without a customer."""
    return _analysis_of(of_turns(turns))


def _analysis_of(transcript: Transcript) -> Analysis:
    sentiment = _sentiment_of(transcript)
    topics = topics_of(transcript) or (_TOPIC_OF_NOTHING[sentiment],)
    return Analysis(summary_of(transcript, topics), sentiment, topics)


def _sentiment_of(transcript: Transcript) -> Sentiment:
    turns = transcript.customer_turns
    if transcript.is_without_customer:
        return Sentiment.NEUTRAL
    if not transcript.is_dialogue:
        return of_text(turns[0].text if turns else "")
    step = (_LAST_TURN_WEIGHT - 1.0) / max(1, len(turns) - 1)
    weights = (1.0 + step * index for index in range(len(turns)))
    return of_dialogue(
        [
            (turn.text, weight * _courtesy(turn.text))
            for turn, weight in zip(turns, weights, strict=False)
        ]
    )


def _courtesy(text: str) -> float:
    """Weigh a turn of nothing but politeness little: it is owed, not felt."""
    words = re.findall(r"[a-z']+", text.lower())
    return _COURTESY_WEIGHT if word_lists.words("courtesies.txt").issuperset(words) else 1.0
