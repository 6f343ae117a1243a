"""Makes text of Grok's answer safe to store and to show. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from grok_insights.domain.profile import LABEL

JOINERS: Final = "\u200c\u200d"
"""Characters that emoji and some scripts, such as Persian, need."""

FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"
"""Invisible letters and symbols: Hangul fillers and the empty Braille pattern."""

MAX_SLUG_CHARS: Final = 40
"""The largest number of characters of a topic, and of the value of a field."""

_LABEL: Final = re.compile(LABEL)


def cleaned(text: str) -> str:
    """Return a text that can be stored and shown: one line without invisible characters.

    Half a surrogate pair cannot be stored as UTF-8. Because of control characters and direction
    marks, a page can show something else than the text.
    """
    storable = text.encode(errors="replace").decode()
    kept = (char for char in storable if char in JOINERS or not _is_hidden(char))
    return " ".join("".join(kept).split())


def shortened(text: str, max_chars: int) -> str:
    """Return a cleaned text, cut with an ellipsis; empty if no character of it is visible."""
    words = cleaned(text)
    if not any(map(_is_visible, words)):
        return ""
    return words if len(words) <= max_chars else words[: max_chars - 1] + "…"


def slug(text: str) -> str:
    """Return a text in snake_case, in any script; empty if it has no letter and no digit."""
    plain = unicodedata.normalize("NFKC", cleaned(text)).lower()
    found = "_".join(re.findall(r"[^\W_]+", plain))
    return found[:MAX_SLUG_CHARS].rstrip("_")


def label(text: str) -> str | None:
    """Return a text as the name of a label, without accents; None if it cannot be one."""
    decomposed = unicodedata.normalize("NFKD", slug(text))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return plain if _LABEL.fullmatch(plain) and len(plain) <= MAX_SLUG_CHARS else None


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf"} and not char.isspace()


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in FILLERS
