"""The sentiment of the mock in other languages than English."""

from __future__ import annotations

import pytest

from grok_insights.domain.insight import Sentiment
from grok_insights.grok.heuristics import other_languages
from grok_insights.grok.heuristics.reading import analyse_text


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("Ich bin mit der Lieferung sehr zufrieden.", Sentiment.POSITIVE),
        ("Ich bin mit der Lieferung nicht zufrieden.", Sentiment.NEGATIVE),
        ("Die Ware war kaputt und ich bin wütend.", Sentiment.NEGATIVE),
        ("Wann kommt die Bestellung an, die ich bei Ihnen habe?", Sentiment.NEUTRAL),
        ("Je suis très déçue par votre service.", Sentiment.NEGATIVE),
        ("Es una vergüenza, el paquete está roto.", Sentiment.NEGATIVE),
        ("El servicio ha sido excelente, estoy encantada.", Sentiment.POSITIVE),
        ("O produto chegou quebrado e não funciona.", Sentiment.NEGATIVE),
        ("服务很好\uff0c我非常满意。", Sentiment.POSITIVE),
        ("我对你们的服务不满意。", Sentiment.NEGATIVE),
        ("対応が最悪で、とても残念です。", Sentiment.NEGATIVE),
        ("الخدمة ممتازة وأنا سعيد جدا", Sentiment.POSITIVE),
        ("Ужасное обслуживание, я разочарован.", Sentiment.NEGATIVE),
    ],
)
def test_common_words_of_other_languages_show_a_feeling(text: str, sentiment: Sentiment) -> None:
    assert analyse_text(text).sentiment is sentiment


@pytest.mark.parametrize("text", ["I will die if it is late", "The gift is super", "No.", "", "!!"])
def test_english_and_texts_without_words_are_not_read_as_another_language(text: str) -> None:
    assert other_languages.score(text) is None
