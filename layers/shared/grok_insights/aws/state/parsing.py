"""Items of the State table, read one by one: what cannot be read is named, and raises nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from grok_insights.aws.dynamodb.attributes import Item
from grok_insights.aws.state.names import BATCH_SIZE, CIRCUIT, PACE, PAUSE, spend
from grok_insights.flow.pace import MICROSECONDS
from grok_insights.flow.pauses import (
    Blocks,
    Circuit,
    CircuitState,
    Damage,
    OperatorPause,
    PauseName,
    TimedPause,
    WorkerState,
)

T = TypeVar("T")

LONGEST_DETAIL_CHARS: Final = 300
FURTHEST_AHEAD_SECONDS: Final = 2 * 86_400
"""No pause or rest is longer than a day, so a time that is further ahead is not ours."""


class UnreadableError(ValueError):
    """An attribute cannot be read. The message never quotes its value."""

    def __init__(self, attribute: str, fault: str) -> None:
        super().__init__(f"{attribute} {fault}")
        self.attribute = attribute
        self.fault = fault


def whole_number(item: Item, attribute: str) -> int:
    """Return the whole number of an attribute, 0 or more.

    Raises
    ------
    UnreadableError
        The attribute is missing, or it is not such a number.
    """
    number = _number(item, attribute)
    if number != number.to_integral_value():
        raise UnreadableError(attribute, "is not a whole number")
    if number < 0:
        raise UnreadableError(attribute, "is negative")
    return int(number)


def _number(item: Item, attribute: str) -> Decimal:
    if attribute not in item:
        raise UnreadableError(attribute, "is missing")
    try:
        number = Decimal(item[attribute]["N"])
    except (KeyError, InvalidOperation, TypeError, ValueError):
        raise UnreadableError(attribute, "is not a number") from None
    if not number.is_finite():
        raise UnreadableError(attribute, "is not a number")
    return number


def words(item: Item, attribute: str) -> str:
    """Return the text of an attribute, cut at 300 characters, and empty where it is missing.

    Raises
    ------
    UnreadableError
        The attribute is not a text.
    """
    if attribute not in item:
        return ""
    value = item[attribute].get("S")
    if not isinstance(value, str):
        raise UnreadableError(attribute, "is not a text")
    return value[:LONGEST_DETAIL_CHARS]


def circuit_of(item: Item, now: datetime) -> Circuit:
    """Return the circuit of its item, reading only what its state needs.

    Raises
    ------
    UnreadableError
        The state, or a time that goes with it, is missing or wrong.
    """
    try:
        state = CircuitState(words(item, "state"))
    except ValueError:
        state = CircuitState.UNKNOWN
    if state is CircuitState.UNKNOWN:
        raise UnreadableError("state", "is not one that a circuit has")
    if state is CircuitState.CLOSED:
        return Circuit()
    is_half_open = state is CircuitState.HALF_OPEN
    return Circuit(
        state=state,
        opened_at=_instant(item, "opened_at", now),
        lease_ends_at=_instant(item, "probe_lease_expiry", now) if is_half_open else 0,
        probe_owner=words(item, "half_open_owner") if is_half_open else "",
        misconfigured=words(item, "reason"),
    )


def worker_state(items: Mapping[str, Item], day: str, now: datetime) -> WorkerState:
    """Return what the items of the State table say, by their ids, with everything unreadable."""
    reader = _Reader(items, now)
    timed = [reader.timed_pause(name) for name in PauseName]
    return WorkerState(
        batch_size=reader.read(BATCH_SIZE, _batch_size, 0, blocks=Blocks.NOTHING) or 0,
        circuit=reader.read(CIRCUIT, lambda item: circuit_of(item, now), Circuit())
        or Circuit(CircuitState.UNKNOWN),
        operator=reader.operator_pause(),
        timed_pauses=tuple(one for one in timed if one is not None),
        spent_ticks=reader.read(spend(day), _ticks, 0, blocks=Blocks.PAID_CALLS),
        next_start_at=reader.read(PACE, _next_start, 0.0, blocks=Blocks.NOTHING) or 0.0,
        damage=tuple(reader.damage),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    items: Mapping[str, Item]
    now: datetime
    damage: list[Damage] = field(default_factory=list)

    def read(
        self, name: str, parse: Callable[[Item], T], absent: T, *, blocks: Blocks = Blocks.CALLS
    ) -> T | None:
        """What an item says, ``absent`` where there is none, None where it is unreadable."""
        if name not in self.items:
            return absent
        try:
            return parse(self.items[name])
        except UnreadableError as error:
            self.damage.append(Damage(name, error.attribute, error.fault, blocks))
            return None

    def timed_pause(self, name: PauseName) -> TimedPause | None:
        """A pause that stands, or None."""
        return self.read(name, lambda item: _timed_pause(name, item, self.now), None)

    def operator_pause(self) -> OperatorPause | None:
        """An operator's pause: an item that is there stops calls, whatever is in it."""
        if PAUSE not in self.items:
            return None
        since = self.read(PAUSE, _since, None, blocks=Blocks.NOTHING)
        reason = self.read(PAUSE, lambda item: words(item, "reason"), "", blocks=Blocks.NOTHING)
        faults = [str(one) for one in self.damage if one.item == PAUSE]
        return OperatorPause(since, "; ".join([*filter(None, [reason]), *faults]))


def _batch_size(item: Item) -> int:
    return whole_number(item, "size")


def _ticks(item: Item) -> int:
    return whole_number(item, "ticks")


def _next_start(item: Item) -> float:
    return whole_number(item, "next_us") / MICROSECONDS


def _timed_pause(name: PauseName, item: Item, now: datetime) -> TimedPause | None:
    """The pause of its item; None where it has ended, and neither time is left."""
    if "since" not in item and "until" not in item:
        return None
    since, until = _instant(item, "since", now), _instant(item, "until", now)
    return TimedPause(name, since, until, words(item, "detail"))


def _since(item: Item) -> datetime | None:
    """When an operator's pause began: RFC 3339, in UTC where no zone is given."""
    text = words(item, "since")
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableError("since", "is not a time like 2026-11-23T10:15:00Z") from None


def _instant(item: Item, attribute: str, now: datetime) -> int:
    seconds = whole_number(item, attribute)
    if seconds > now.timestamp() + FURTHEST_AHEAD_SECONDS:
        raise UnreadableError(attribute, "is too far in the future")
    return seconds


def readable_numbers(item: Item) -> dict[str, int]:
    """Return the attributes of an item that are numbers, 0 or more, without their fractions."""
    return {name: number for name in item if (number := _number_or_none(item, name)) is not None}


def _number_or_none(item: Item, attribute: str) -> int | None:
    try:
        number = _number(item, attribute)
    except UnreadableError:
        return None
    return int(number) if number >= 0 else None
