"""Parses the items of the State table one by one. Damaged items are reported without an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from grok_insights.aws.dynamodb.attributes import Item
from grok_insights.aws.state.names import BATCH_SIZE, CIRCUIT, NEW_FIRST, PACE, PAUSE, spend
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

MAX_DETAIL_CHARS: Final = 300
FURTHEST_AHEAD_SECONDS: Final = 2 * 86_400
"""No pause is longer than a day, so a time that is further ahead is damaged."""


class UnreadableAttribute(ValueError):
    """An attribute cannot be read. The message does not quote its value."""

    def __init__(self, attribute: str, fault: str) -> None:
        super().__init__(f"{attribute} {fault}")
        self.attribute = attribute
        self.fault = fault


def whole_number(item: Item, attribute: str) -> int:
    """Return the whole number of an attribute, 0 or more.

    Raises
    ------
    UnreadableAttribute
        The attribute is missing, or is not a whole number from 0.
    """
    number = _number(item, attribute)
    if number != number.to_integral_value():
        raise UnreadableAttribute(attribute, "is not a whole number")
    if number < 0:
        raise UnreadableAttribute(attribute, "is negative")
    return int(number)


def _number(item: Item, attribute: str) -> Decimal:
    if attribute not in item:
        raise UnreadableAttribute(attribute, "is missing")
    try:
        number = Decimal(item[attribute]["N"])
    except (KeyError, InvalidOperation, TypeError, ValueError):
        raise UnreadableAttribute(attribute, "is not a number") from None
    if not number.is_finite():
        raise UnreadableAttribute(attribute, "is not a number")
    return number


def short_text(item: Item, attribute: str) -> str:
    """Return the text of an attribute, cut at 300 characters, and empty if it is missing.

    Raises
    ------
    UnreadableAttribute
        The attribute is not a text.
    """
    if attribute not in item:
        return ""
    value = item[attribute].get("S")
    if not isinstance(value, str):
        raise UnreadableAttribute(attribute, "is not a text")
    return value[:MAX_DETAIL_CHARS]


def parse_circuit(item: Item, now: datetime) -> Circuit:
    """Return the circuit of an item. Only the attributes that its state needs are read.

    Raises
    ------
    UnreadableAttribute
        The state, or a time that the state needs, is missing or damaged.
    """
    try:
        state = CircuitState(short_text(item, "state"))
    except ValueError:
        state = CircuitState.UNKNOWN
    if state is CircuitState.UNKNOWN:
        raise UnreadableAttribute("state", "is not a state of a circuit")
    if state is CircuitState.CLOSED:
        return Circuit()
    is_half_open = state is CircuitState.HALF_OPEN
    return Circuit(
        state=state,
        opened_at=_epoch_seconds(item, "opened_at", now),
        lease_ends_at=_epoch_seconds(item, "probe_lease_expiry", now) if is_half_open else 0,
        misconfigured=short_text(item, "reason"),
    )


def worker_state(items: Mapping[str, Item], day: str, now: datetime) -> WorkerState:
    """Return the shared state that the items contain. ``items`` are by id.

    Attributes that cannot be read are in ``damage``.
    """
    reader = _Reader(items, now)
    timed_pauses = [reader.timed_pause(name) for name in PauseName]
    return WorkerState(
        batch_size=reader.read(BATCH_SIZE, _batch_size, 0, blocks=Blocks.NOTHING) or 0,
        circuit=reader.read(CIRCUIT, lambda item: parse_circuit(item, now), Circuit())
        or Circuit(CircuitState.UNKNOWN),
        operator=reader.operator_pause(),
        timed_pauses=tuple(pause for pause in timed_pauses if pause is not None),
        spent_ticks=reader.read(spend(day), _ticks, 0, blocks=Blocks.PAID_CALLS),
        next_start_at=reader.read(PACE, _next_start, 0.0, blocks=Blocks.NOTHING) or 0.0,
        new_first_until=reader.read(
            NEW_FIRST, lambda item: _epoch_seconds(item, "until", now), 0, blocks=Blocks.NOTHING
        )
        or 0,
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
        """Return the parsed item, ``absent`` if there is no item, or None if it is damaged."""
        if name not in self.items:
            return absent
        try:
            return parse(self.items[name])
        except UnreadableAttribute as error:
            self.damage.append(Damage(name, error.attribute, error.fault, blocks))
            return None

    def timed_pause(self, name: PauseName) -> TimedPause | None:
        """Return an active or due pause, or None."""
        return self.read(name, lambda item: _timed_pause(name, item, self.now), None)

    def operator_pause(self) -> OperatorPause | None:
        """Return an operator's pause, or None. Any existing item pauses calls, even if damaged."""
        if PAUSE not in self.items:
            return None
        since = self.read(PAUSE, _since, None, blocks=Blocks.NOTHING)
        reason = self.read(
            PAUSE, lambda item: short_text(item, "reason"), "", blocks=Blocks.NOTHING
        )
        faults = [str(damage) for damage in self.damage if damage.item == PAUSE]
        return OperatorPause(since, "; ".join([*filter(None, [reason]), *faults]))


def _reason(item: Item) -> str:
    return short_text(item, "reason")


def _batch_size(item: Item) -> int:
    return whole_number(item, "size")


def _ticks(item: Item) -> int:
    return whole_number(item, "ticks")


def _next_start(item: Item) -> float:
    return whole_number(item, "next_us") / MICROSECONDS


def _timed_pause(name: PauseName, item: Item, now: datetime) -> TimedPause | None:
    """Return the pause of an item; None if it has ended, which removes both times."""
    if "since" not in item and "until" not in item:
        return None
    since, until = _epoch_seconds(item, "since", now), _epoch_seconds(item, "until", now)
    return TimedPause(name, since, until, short_text(item, "detail"))


def _since(item: Item) -> datetime | None:
    """Return when an operator's pause began: RFC 3339, in UTC if it has no offset."""
    text = short_text(item, "since")
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableAttribute("since", "is not a time like 2026-11-23T10:15:00Z") from None


def _epoch_seconds(item: Item, attribute: str, now: datetime) -> int:
    seconds = whole_number(item, attribute)
    if seconds > now.timestamp() + FURTHEST_AHEAD_SECONDS:
        raise UnreadableAttribute(attribute, "is too far in the future")
    return seconds


def readable_numbers(item: Item) -> dict[str, int]:
    """Return the attributes of an item that are numbers from 0, rounded down."""
    return {name: number for name in item if (number := _number_or_none(item, name)) is not None}


def _number_or_none(item: Item, attribute: str) -> int | None:
    try:
        number = _number(item, attribute)
    except UnreadableAttribute:
        return None
    return int(number) if number >= 0 else None
