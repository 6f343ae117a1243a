"""The Conversations table: the conversations of clients, written once for each generation of an id.

A mark without contents replaces an erased conversation until it would have expired. A mark, or a
conversation that has expired and that DynamoDB has not deleted yet, counts as absent. The next
conversation with the same id replaces it, and gets a later generation. Only imports do not replace
a mark.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.conversation_item import conversation_to_item, from_item, generation_of
from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.items import has_expired, parsed, parsed_or_none, unchanged
from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS, Transactions, Written
from grok_insights.domain import timestamps
from grok_insights.domain.conversation import Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_BYTES: Final = 3_900_000
"""The largest size of one transaction in bytes. DynamoDB accepts 4 MB; the rest is for the table's
name and the conditions.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

MAX_WRITES: Final = 5
"""How often a conversation is written if another item was stored in its place each time."""

CONVERSATION_IDENTITY: Final = ("id", "generation", "erased")
"""The attributes that distinguish two items with the same id."""


@dataclass(frozen=True, slots=True)
class Added:
    """The result of storing conversations, by id.

    ``stored`` are new. ``existing`` were stored before. ``erased`` stay erased. ``invalid`` are
    those that DynamoDB never accepts. ``unreadable`` are those whose stored item is damaged. All
    others were not stored, and may be sent again.
    """

    stored: dict[str, Conversation] = field(default_factory=dict)
    existing: dict[str, Conversation] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    invalid: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


class _Put(NamedTuple):
    """A conversation to store.

    ``item`` is what is written, ``size`` is its size in the request in bytes, and ``replaces`` is
    the stored item that it replaces.
    """

    conversation: Conversation
    item: dict[str, Any]
    size: int
    replaces: Item


@dataclass(frozen=True, slots=True)
class Conversations:
    """The table. A conversation expires when ``retention`` has passed since its acceptance."""

    client: DynamoDBClient
    table: str
    retention: timedelta
    transactions: Transactions
    now: Callable[[], datetime]

    def add(self, new: Iterable[Conversation], *, restores: bool = True) -> Added:
        """Store the conversations whose id is free, each with a lifetime, and return the result.

        The ids must differ. Transactions are written concurrently. If one fails, the others are
        still written. Unless ``restores``, the ids of erased conversations are not free.
        """
        added = Added()
        puts = [_put(conversation.accepted(self.retention), {}) for conversation in new]
        for _ in range(MAX_WRITES):
            runs = list(_puts_by_transaction(puts))
            written = concurrent.each(lambda run: self.transactions.write(run, self._actions), runs)
            puts = []
            for run, result in zip(runs, written, strict=True):
                puts += self._record(run, result, added, restores=restores)
            if not puts:
                break
        return added

    def _record(
        self, run: list[_Put], result: Written[_Put], added: Added, *, restores: bool
    ) -> list[_Put]:
        """Add a transaction's conversations to the result, and return the puts to write next."""
        others = {put.conversation.id for put in (*result.invalid, *result.failed)}
        others |= {refusal.entry.conversation.id for refusal in result.refusals}
        added.stored.update(
            {p.conversation.id: p.conversation for p in run if p.conversation.id not in others}
        )
        added.invalid.update(put.conversation.id for put in result.invalid)
        retries = (
            self._after_refusal(refusal.entry, refusal.item, added, restores=restores)
            for refusal in result.refusals
        )
        return [put for put in retries if put is not None]

    def _after_refusal(self, put: _Put, item: Item, added: Added, *, restores: bool) -> _Put | None:
        """Add the stored conversation to the result, or return the put that replaces it."""
        conversation = put.conversation
        if not item:
            return _put(conversation, {})
        is_absent = parsed_or_none(self._is_absent, item, "id")
        if is_absent and not restores and self._is_erased(item):
            added.erased.add(conversation.id)
            return None
        if is_absent:
            later = conversation.accepted(self.retention, after=generation_of(item))
            return _put(later, item)
        existing = None if is_absent is None else parsed_or_none(from_item, item, "id")
        if existing is None:
            added.unreadable.add(conversation.id)
        else:
            added.existing[conversation.id] = existing
        return None

    def _is_absent(self, item: Item) -> bool:
        """Return whether an item with a valid generation counts as absent: erased or expired."""
        generation_of(item)
        return "erased" in item or has_expired(item, self.now())

    def _is_erased(self, item: Item) -> bool:
        """Return whether an item is the mark of a conversation that would not have expired yet."""
        return "erased" in item and not has_expired(item, self.now())

    def _actions(self, put: _Put) -> list[TransactWriteItemTypeDef]:
        return [
            {
                "Put": {
                    "TableName": self.table,
                    "Item": put.item,
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    **unchanged(put.replaces, CONVERSATION_IDENTITY if put.replaces else ["id"]),  # type: ignore[typeddict-item]
                }
            }
        ]

    def get(self, conversation_id: str) -> Conversation | None:
        """Return the conversation under an id.

        Raises
        ------
        UnreadableItem
            The stored item is damaged.
        """
        item = self._item(conversation_id)
        return None if parsed(self._is_none, item, "id") else parsed(from_item, item, "id")

    def keys(self, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return the keys of conversations."""
        return [{"id": text(identity)} for identity in conversation_ids]

    def exists(self, conversation_id: str) -> bool:
        """Return whether a conversation with an id exists, without reading its text.

        Raises
        ------
        UnreadableItem
            The stored item is damaged.
        """
        return not parsed(self._is_none, self.head(conversation_id), "id")

    def _is_none(self, item: Item) -> bool:
        return not item or self._is_absent(item)

    def head(self, conversation_id: str) -> Item:
        """Return the identity and expiry of the item with an id, or an empty item."""
        return self._item(
            conversation_id,
            ProjectionExpression="id, generation, erased, #ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
        )

    def _item(self, conversation_id: str, **only: Any) -> Item:
        key = {"id": text(conversation_id)}
        response = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True, **only)
        return response.get("Item", {})

    def mark_enqueued(self, conversations: Iterable[Conversation], at: datetime) -> None:
        """Note that a message for each of these conversations reached the queue.

        If this fails, the next request sends another message, which does no harm.
        """
        concurrent.each(
            lambda run: self.transactions.write(run, lambda one: self._mark(one, at)),
            chunks(conversations, MAX_ACTIONS),
        )

    def _mark(self, conversation: Conversation, at: datetime) -> list[TransactWriteItemTypeDef]:
        return [
            {
                "Update": {
                    "TableName": self.table,
                    "Key": {"id": text(conversation.id)},
                    "UpdateExpression": "SET enqueued_at = :at",
                    "ConditionExpression": "generation = :generation"
                    " AND attribute_not_exists(erased)",
                    "ExpressionAttributeValues": {
                        ":at": text(timestamps.to_text(at)),
                        ":generation": number(conversation.lifetime.generation),
                    },
                }
            }
        ]


def _put(conversation: Conversation, replaces: Item) -> _Put:
    """Return the put of a conversation, with its size as JSON in ASCII.

    DynamoDB counts UTF-8, which is never larger. The emulator counts ASCII, in which a Cyrillic
    letter takes six bytes instead of two.
    """
    item = conversation_to_item(conversation)
    return _Put(conversation, item, len(json.dumps(item)) + 1_000, replaces)


def _puts_by_transaction(puts: Iterable[_Put]) -> Iterator[list[_Put]]:
    """Yield groups of puts that fit into one transaction."""
    run: list[_Put] = []
    size = 0
    for put in puts:
        if run and (len(run) == MAX_ACTIONS or size + put.size > MAX_BYTES):
            yield run
            run, size = [], 0
        run.append(put)
        size += put.size
    if run:
        yield run
