"""Text as people meant it: no markup, mail headers or signatures, and private data masked."""

import html
import re
from collections.abc import Sequence

SCANNED_CHARS = 6_000
"""Only so much of the beginning and as much of the end is read: time stays bounded."""

EMAIL, LINK, NUMBER = "[email]", "[link]", "[number]"

_INLINE = re.compile(r"</?(?:b|i|u|em|strong|span|a|font|small|mark)\b[^<>]{0,300}>", re.IGNORECASE)
_BREAKS = re.compile(
    r"<(?:br|/?p|/?div|/?li|/?tr|/?h\d|/?blockquote)\b[^<>]{0,300}>", re.IGNORECASE
)
_TAGS = re.compile(
    r"<!--.{0,2000}?-->|<(script|style)\b.{0,5000}?</\1>|</?[a-z][^<>]{0,300}>",
    re.IGNORECASE | re.DOTALL,
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]"
)
_BLANKS = re.compile(r"[^\S\n]+")

_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LINK = re.compile(r"\b(?:https?://|www\.)\S{1,500}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?\b")
_CODE = re.compile(
    r"(?<!\w)#?[A-Za-z]{0,6}[-#]?[A-Za-z]{0,6}\d[A-Za-z0-9-]{0,20}\d{3}[A-Za-z0-9-]{0,20}(?!\w)"
)
_CARD = re.compile(r"\d(?:[ -]?\d){12,18}")
_DIGITS = re.compile(r"(?<![\w$\u20ac\u00a3.,])[+(]?\d(?:[ .()/*x-]{0,3}\d){6,30}(?!\w)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")

_HEADER = re.compile(
    r"^(?:from|to|cc|bcc|sent|date|reply-to|attachments?): ?.*\n?", re.IGNORECASE | re.MULTILINE
)
_SUBJECT = re.compile(r"^subject: ?(?:(?:re|fwd?): ?)*(.*?)[.!]?$", re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(r"^(?:>.*|on .{5,120} wrote:)$\n?", re.IGNORECASE | re.MULTILINE)
_SIGN_OFF = re.compile(
    r"^(?:-- ?|_{3,}|sent from my .*|get outlook for .*"
    r"|(?:(?:best|kind|warm|many)? ?(?:regards|wishes)|sincerely|(?:all the )?best|cheers"
    r"|yours (?:truly|sincerely|faithfully)|respectfully|thanks(?: again)?|thank you)[,.!]?)$",
    re.IGNORECASE | re.MULTILINE,
)


def plain(text: str) -> str:
    """Return the beginning and end of a text without markup and control characters."""
    if len(text) > 2 * SCANNED_CHARS:
        text = f"{text[:SCANNED_CHARS]}\n{text[-SCANNED_CHARS:]}"
    marked = _BREAKS.sub("\n", _INLINE.sub("", text.replace("\r", "\n")))
    text = html.unescape(_TAGS.sub(" ", marked))
    return _BLANKS.sub(" ", _CONTROL.sub(" ", text)).strip()


def scanned(texts: Sequence[str]) -> list[str]:
    """Return the parts of texts that are read: the beginning and the end of all together."""
    before, total = 0, sum(map(len, texts))
    parts = []
    for text in texts:
        head = min(max(SCANNED_CHARS - before, 0), len(text))
        tail = max(total - SCANNED_CHARS - before, head)
        parts.append(text if tail == head else f"{text[:head]}\n{text[tail:]}")
        before += len(text)
    return parts


def of_message(text: str) -> str:
    """Return the own words of a message as `plain` text, with private data masked."""
    return masked(without_mail_parts(plain(text)))


def masked(text: str) -> str:
    """Return a text with e-mail addresses, links, and card, phone and order numbers masked."""
    text = _LINK.sub(LINK, _EMAIL.sub(EMAIL, text))
    text = _DIGITS.sub(_mask_digits, _CARD.sub(NUMBER, _IBAN.sub(NUMBER, text)))
    return _CODE.sub(_mask_digits, text).strip()


def without_mail_parts(text: str) -> str:
    """Return a mail's own words: of its header the subject, no quotation, no signature.

    Leaves the text as it is where nothing else would remain.
    """
    body = (
        _SUBJECT.sub(r"\1.", _HEADER.sub("", text))
        if _HEADER.search(text) or _SUBJECT.search(text)
        else text
    )
    unquoted = _QUOTED.sub("", body).strip() or body
    for sign_off in _SIGN_OFF.finditer(unquoted):
        if sum(map(str.isalpha, unquoted[: sign_off.start()])) > 20:
            return unquoted[: sign_off.start()].strip()
    return unquoted


def _mask_digits(match: re.Match[str]) -> str:
    return match[0] if _DATE.fullmatch(match[0]) else NUMBER
