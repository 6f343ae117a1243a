"""The Conversations table: what clients sent, written once for each lifetime of an id.

Where a conversation was erased, a mark without contents stays for a day. Like a conversation that
has expired and that DynamoDB has not deleted yet, it counts as absent, and gives way to the next
conversation of its id, which gets a later generation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from grok_insights.aws import concurrent
from grok_insights.aws.concurrent import chunks
from grok_insights.aws.conversation_item import from_item, generation_of, to_item
from grok_insights.aws.dynamodb.attributes import Item, number, text
from grok_insights.aws.dynamodb.items import has_expired, parsed, parsed_or_none, unchanged
from grok_insights.aws.dynamodb.transactions import MAX_ACTIONS, Transactions, Written
from grok_insights.domain import timestamps
from grok_insights.domain.conversation import Conversation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MAX_BYTES: Final = 3_900_000
"""Bytes of one transaction, of the 4 MB that DynamoDB takes, which leaves room for the table's
name and the conditions.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""

MAX_ROUNDS: Final = 5
"""Times that writes are tried whose place was taken by something else each time."""

IDENTITY: Final = ("id", "generation", "erased")
"""What tells two items under one id apart."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of conversations that were to be stored, by their ids.

    ``stored`` are new, ``existing`` stood there already. ``invalid`` are those that DynamoDB never
    takes, ``unreadable`` those whose place a damaged item has. All others were not stored, and may
    be sent again.
    """

    stored: dict[str, Conversation] = field(default_factory=dict)
    existing: dict[str, Conversation] = field(default_factory=dict)
    invalid: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


class _Put(NamedTuple):
    """A conversation to be stored, the item that gives way to it, and its size in the request."""

    conversation: Conversation
    gives_way: Item
    size: int


@dataclass(frozen=True, slots=True)
class Conversations:
    """The table. ``retention`` after its acceptance a conversation expires."""

    client: DynamoDBClient
    table: str
    retention: timedelta
    transactions: Transactions
    now: Callable[[], datetime]

    def add(self, new: Iterable[Conversation]) -> Added:
        """Store those whose id is free, each with a lifetime, and say what became of each.

        The ids must differ. Transactions are written side by side, and one that fails takes no
        other with it.
        """
        added = Added()
        puts = [_put(one.accepted(self.retention), {}) for one in new]
        for _ in range(MAX_ROUNDS):
            runs = list(_transactions(puts))
            written = concurrent.each(lambda run: self.transactions.write(run, self._puts), runs)
            puts = []
            for run, result in zip(runs, written, strict=True):
                puts += self._settle(run, result, added)
            if not puts:
                break
        return added

    def _settle(self, run: list[_Put], result: Written[_Put], added: Added) -> list[_Put]:
        """Note what became of a transaction's conversations, and return the puts to try next."""
        others = {one.conversation.id for one in (*result.invalid, *result.failed)}
        others |= {refusal.entry.conversation.id for refusal in result.refusals}
        added.stored.update(
            {p.conversation.id: p.conversation for p in run if p.conversation.id not in others}
        )
        added.invalid.update(one.conversation.id for one in result.invalid)
        again = (self._met(refusal.entry, refusal.item, added) for refusal in result.refusals)
        return [put for put in again if put is not None]

    def _met(self, put: _Put, item: Item, added: Added) -> _Put | None:
        """Note what stands in a conversation's place, or return the put that replaces it."""
        conversation = put.conversation
        if not item:
            return _put(conversation, {})
        is_absent = parsed_or_none(self._is_absent, item, "id")
        if is_absent:
            later = conversation.accepted(self.retention, after=generation_of(item))
            return _put(later, item)
        found = None if is_absent is None else parsed_or_none(from_item, item, "id")
        if found is None:
            added.unreadable.add(conversation.id)
        else:
            added.existing[conversation.id] = found
        return None

    def _is_absent(self, item: Item) -> bool:
        """Whether an item that says its generation counts as none: erased, or expired."""
        generation_of(item)
        return "erased" in item or has_expired(item, self.now())

    def _puts(self, puts: Iterable[_Put]) -> list[TransactWriteItemTypeDef]:
        return [
            {
                "Put": {
                    "TableName": self.table,
                    "Item": to_item(put.conversation),
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    **unchanged(put.gives_way, IDENTITY if put.gives_way else ["id"]),  # type: ignore[typeddict-item]
                }
            }
            for put in puts
        ]

    def get(self, conversation_id: str) -> Conversation | None:
        """Return the conversation under an id.

        Raises
        ------
        UnreadableItem
            Its item is damaged.
        """
        item = self._item(conversation_id)
        return None if parsed(self._is_none, item, "id") else parsed(from_item, item, "id")

    def keys(self, conversation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The keys of some conversations."""
        return [{"id": text(one)} for one in conversation_ids]

    def exists(self, conversation_id: str) -> bool:
        """Return whether there is a conversation under an id, without reading its text.

        Raises
        ------
        UnreadableItem
            Its item is damaged.
        """
        return not parsed(self._is_none, self.head(conversation_id), "id")

    def _is_none(self, item: Item) -> bool:
        return not item or self._is_absent(item)

    def head(self, conversation_id: str) -> Item:
        """Return what tells an item from others under its id, or an empty item."""
        return self._item(
            conversation_id,
            ProjectionExpression="id, generation, erased, #ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
        )

    def _item(self, conversation_id: str, **only: Any) -> Item:
        key = {"id": text(conversation_id)}
        answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True, **only)
        return answer.get("Item", {})

    def mark_enqueued(self, conversations: Iterable[Conversation], at: datetime) -> None:
        """Note that a message for each of these conversations surely reached the queue.

        Where this fails, one more message is sent the next time, which does no harm.
        """
        concurrent.each(
            lambda run: self.transactions.write(run, lambda some: self._marks(some, at)),
            chunks(conversations, MAX_ACTIONS),
        )

    def _marks(
        self, conversations: Iterable[Conversation], at: datetime
    ) -> list[TransactWriteItemTypeDef]:
        return [
            {
                "Update": {
                    "TableName": self.table,
                    "Key": {"id": text(one.id)},
                    "UpdateExpression": "SET enqueued_at = :at",
                    "ConditionExpression": "generation = :generation"
                    " AND attribute_not_exists(erased)",
                    "ExpressionAttributeValues": {
                        ":at": text(timestamps.to_text(at)),
                        ":generation": number(one.lifetime.generation),
                    },
                }
            }
            for one in conversations
        ]


def _put(conversation: Conversation, gives_way: Item) -> _Put:
    """The put of a conversation, with its bytes as JSON in ASCII.

    DynamoDB counts UTF-8, which is never more. The emulator counts this, in which a Cyrillic
    letter takes six bytes and not two.
    """
    return _Put(conversation, gives_way, len(json.dumps(to_item(conversation))) + 1_000)


def _transactions(puts: Iterable[_Put]) -> Iterator[list[_Put]]:
    """Runs that fit into one transaction each."""
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
