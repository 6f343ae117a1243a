"""Who said what: a text, chat log, e-mail or messages, without labels and private data.

`parse` guesses speakers from labels only; a text without labels is said by the customer. `of_turns`
knows them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from grok_insights.domain.conversation import Role, Turn
from grok_insights.grok.heuristics import cleaning, word_lists

_STAMP = (
    r"[\[(]?(?:\d{4}-\d\d-\d\d[T ,]{1,2})?\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp]\.?[Mm]\b\.?)?[\])]?"
)
_NAME = r"[^\W\d_][\w.'\u2019-]{0,24}(?: \(?[\w.'\u2019-]{1,24}\)?){0,3}"
_LABELLED = re.compile(
    rf"^[ >*_-]*(?P<stamp>{_STAMP}[ ,|\u2013\u2014-]*)?[*_<]{{0,2}}(?P<name>{_NAME})[*_>]{{0,2}} ?"
    rf"(?P<after>{_STAMP})? ?:[*_]{{0,2}}(?:\s+|$)(?P<said>.*)$"
)
_STAMPED = re.compile(rf"^[ *]*[\[(]{_STAMP}[ ,|\u2013\u2014-]*|^{_STAMP} *[|\u2013\u2014-] *")
_AGENT_SPEECH = re.compile(
    r"how (?:can|may) i (?:help|assist)|anything else (?:i|we) can|happy to help"
    r"|thank(?:s| you) for (?:contacting|calling|reaching|choosing|your patience|holding)"
    r"|let me (?:check|look|pull|see what)|(?:i|we) apologi[sz]e"
    r"|i(?:'m| am) (?:so |very |really )?sorry (?:to hear|for the|about)"
    r"|i(?:'ve| have) (?:issued|processed|escalated|credited|refunded|sent you)"
    r"|(?:may|can|could) i (?:have|get) your|you're speaking (?:to|with)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker said at one go."""

    text: str
    by_customer: bool


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as its turns, in order, and the lower-case words of its speakers' names.

    ``is_without_customer`` is set if the roles are known and none is the customer.
    """

    turns: tuple[Utterance, ...]
    names: frozenset[str]
    is_without_customer: bool = False

    @property
    def is_dialogue(self) -> bool:
        """Whether more than one turn was found, so that courtesies weigh less."""
        return len(self.turns) > 1

    @property
    def customer_turns(self) -> tuple[Utterance, ...]:
        """The customer's turns, or all of them where nobody seems to be the customer."""
        return tuple(turn for turn in self.turns if turn.by_customer) or self.turns


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    stamped: bool
    said: str


def parse(text: str) -> Transcript:
    """Split `text` into turns; never fails, whatever the text."""
    clean = cleaning.plain(text)
    if clean.count("\n") <= 1:
        clean = _label_inside().sub("\n", clean)
    lines = [_read_line(line) for line in clean.split("\n")]
    speakers = _speakers(lines)
    if not speakers:
        return Transcript(_single_turn(lines), frozenset())
    spoken = list(_gather(lines, speakers))
    agents = _agents(spoken)
    turns = tuple(Utterance(said, name not in agents) for name, said in spoken if said)
    return Transcript(turns, _words(speakers))


def of_turns(turns: Iterable[Turn]) -> Transcript:
    """Return the transcript of turns whose roles are known. What the system says is left out.

    Line breaks and labels in a turn change no speaker.
    """
    said = [turn for turn in turns if turn.role is not Role.SYSTEM]
    utterances = [
        Utterance(cleaning.of_message(text), turn.role is Role.CUSTOMER)
        for turn, text in zip(said, cleaning.scanned([turn.text for turn in said]), strict=True)
    ]
    names = _words(turn.name.lower() for turn in said if turn.name)
    has_customer = any(turn.role is Role.CUSTOMER for turn in said)
    return Transcript(
        tuple(one for one in utterances if one.text), names, is_without_customer=not has_customer
    )


def _words(names: Iterable[str]) -> frozenset[str]:
    return frozenset(word for name in names for word in re.findall(r"[^\W_]+", name))


def _read_line(line: str) -> _Line:
    dashed = _dashed_label().match(line)
    if dashed:
        return _Line(dashed["name"].lower(), False, dashed["said"].strip())
    match = _LABELLED.match(line)
    if match is None or match["name"].split()[0].lower() in word_lists.words("other_labels.txt"):
        return _Line("", False, _STAMPED.sub("", line).strip())
    return _Line(
        match["name"].lower(), bool(match["stamp"] or match["after"]), match["said"].strip()
    )


@cache
def _dashed_label() -> re.Pattern[str]:
    return re.compile(rf"^\W*(?P<name>{_roles()}) ?[-\u2013\u2014>]+ (?P<said>.*)$", re.IGNORECASE)


@cache
def _label_inside() -> re.Pattern[str]:
    return re.compile(rf" +(?=(?i:{_roles()})(?: \([\w .]{{1,20}}\))?: )")


def _roles() -> str:
    labels = word_lists.words("customer_labels.txt") | word_lists.words("agent_labels.txt")
    return "|".join(sorted(label for label in labels if len(label) > 2))


def _single_turn(lines: list[_Line]) -> tuple[Utterance, ...]:
    whole = "\n".join(
        f"{line.name.capitalize()}: {line.said}" if line.name else line.said for line in lines
    )
    text = cleaning.masked(cleaning.without_mail_parts(whole))
    return (Utterance(text, by_customer=True),) if text else ()


def _speakers(lines: list[_Line]) -> frozenset[str]:
    """Return the labels that are speakers: by role, by time stamp, or as they speak again."""
    often = Counter(line.name for line in lines if line.name)
    stamped = {line.name for line in lines if line.name and line.stamped}
    sure = {name for name in often if _role(name) or name in stamped or often[name] > 1}
    filled = [line for line in lines if line.name or line.said]
    if sure or (len(often) > 1 and all(line.name for line in filled)):
        return frozenset(name for name in often if name in sure or _dense(filled))
    return frozenset()


def _dense(lines: list[_Line]) -> bool:
    return sum(1 for line in lines if line.name) * 2 > len(lines)


def _role(name: str) -> str:
    if name in ("q", "a"):
        return "customer" if name == "q" else "agent"
    words = re.findall(r"[a-z]+", name)
    if any(word in word_lists.words("agent_labels.txt") for word in words):
        return "agent"
    return (
        "customer" if any(word in word_lists.words("customer_labels.txt") for word in words) else ""
    )


def _gather(lines: list[_Line], speakers: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (speaker, text) of each turn; a line without a label continues the turn before."""
    speaker, said = "", list[str]()
    for line in lines:
        if line.name in speakers:
            yield speaker, cleaning.masked(" ".join(said))
            speaker, said = line.name, []
        elif line.name:
            said.append(line.name.capitalize() + ":")
        said.append(line.said)
    yield speaker, cleaning.masked(" ".join(said))


def _agents(spoken: list[tuple[str, str]]) -> frozenset[str]:
    names = {name for name, _ in spoken if name}
    by_role = {name for name in names if _role(name) == "agent"}
    if by_role:
        return frozenset(by_role)
    others = {name for name in names if not _role(name)}
    by_speech = {name for name, said in spoken if name in others and _AGENT_SPEECH.search(said)}
    return frozenset(by_speech if by_speech != names else ())
