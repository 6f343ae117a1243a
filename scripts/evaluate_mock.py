"""Compare the mock's sentiment with VADER's on the data sets that were published with VADER.

It takes the path of the folder ``hutto_ICWSM_2014``, which is packed in ``additional_resources/``
of vaderSentiment's source distributions. A rating of at least 0.5 (of 4) is positive, of at most
-0.5 negative. VADER's compound score is cut at 0.05 and -0.05, as its authors advise. With these
limits VADER reaches its published figures: 0.60/0.56 on the reviews and 0.82/0.70 on the tweets.

The rules were written with every other line of the reviews and tweets in view, from the first line
on. The other lines ("unseen") show how well the rules generalise.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from grok_insights.domain.insight import Sentiment
from grok_insights.grok.heuristics import reading

RATED_FROM = 0.5
VADER_FROM = 0.05
DATA_SETS = {
    "Amazon reviews": "amazonReviewSnippets",
    "tweets": "tweets",
    "film reviews": "movieReviewSnippets",
    "NYT editorials": "nytEditorialSnippets",
}

Reader = Callable[[str], Sentiment]


class Rated(NamedTuple):
    """A text, and the class that people gave it."""

    text: str
    sentiment: Sentiment


class Figures(NamedTuple):
    """How often a classifier agrees with people, from 0 to 1."""

    accuracy: float
    macro_f1: float


def main() -> None:
    """Print a line for each data set and half."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, help="the folder with *_GroundTruth.txt")
    folder: Path = arguments.parse_args().folder
    vader = vader_reader()
    print(f"{'accuracy / macro-F1':<26}{'texts':>7}   {'VADER':<16}mock")
    for title, stem in DATA_SETS.items():
        rated = load(folder / f"{stem}_GroundTruth.txt")
        for part, texts in (("", rated), (", unseen", rated[1::2])):
            theirs, ours = figures(texts, vader), figures(texts, mock_reader)
            print(f"{title + part:<26}{len(texts):>7}   {_shown(theirs):<16}{_shown(ours)}")


def load(path: Path) -> list[Rated]:
    """Read a file of tab-separated id, mean rating from -4 to 4, and text."""
    lines = path.read_text("utf-8", errors="replace").splitlines()
    fields = [line.split("\t", 2) for line in lines if line.count("\t") > 1]
    return [Rated(text, class_of(float(rating), RATED_FROM)) for _, rating, text in fields]


def class_of(score: float, bound: float) -> Sentiment:
    """Cut a score into the three classes at ``bound`` and its negative."""
    if -bound < score < bound:
        return Sentiment.NEUTRAL
    return Sentiment.POSITIVE if score > 0 else Sentiment.NEGATIVE


def mock_reader(text: str) -> Sentiment:
    """Classify a text as the product does in mock mode."""
    return reading.analyse_text(text).sentiment


def vader_reader() -> Reader:
    """Return a classifier that is plain VADER, with the limits that its authors advise."""
    from vaderSentiment.vaderSentiment import (  # type: ignore[import-untyped]  # ships no types
        SentimentIntensityAnalyzer,
    )

    analyzer = SentimentIntensityAnalyzer()
    return lambda text: class_of(analyzer.polarity_scores(text)["compound"], VADER_FROM)


def figures(texts: Sequence[Rated], reader: Reader) -> Figures:
    """Compare a classifier with people; macro-F1 is the mean over the three classes."""
    pairs = [(rated.sentiment, reader(rated.text)) for rated in texts]
    hits = sum(expected == found for expected, found in pairs)
    scores = [f1(pairs, sentiment) for sentiment in Sentiment]
    return Figures(hits / len(pairs), sum(scores) / len(scores))


def f1(pairs: Sequence[tuple[Sentiment, Sentiment]], sentiment: Sentiment) -> float:
    """Return the harmonic mean of precision and recall of one class."""
    hits = sum(expected == found == sentiment for expected, found in pairs)
    named = sum((expected == sentiment) + (found == sentiment) for expected, found in pairs)
    return 2 * hits / named if named else 0.0


def _shown(measured: Figures) -> str:
    return f"{measured.accuracy:.3f} / {measured.macro_f1:.3f}"


if __name__ == "__main__":
    main()
