"""A small DynamoDB in memory: the operations that the package uses, with boto's own errors.

It is independent of the simulation: every operation takes effect at once, at the time that ``now``
returns. Contract tests compare it with moto, and with any other endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation import expressions
from tests.simulation.expressions import InvalidExpression, Scope, WrongOperand, sort_key

MAX_ITEM_BYTES = 400 * 1024
SMALL_CHARS = 5_000
MAX_PAGE_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 16 * 1024 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}
TOKEN_SECONDS = 600
REFUSED = "The conditional request failed"

Item = dict[str, Any]
Key = tuple[Any, ...]
REFUSALS = {"ConditionalCheckFailed": REFUSED}


def error(code: str, message: str, operation: str, **more: Any) -> ClientError:
    """Return the error that botocore would raise."""
    status = 500 if code == "InternalServerError" else 400
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, operation)


def invalid(message: str, operation: str) -> ClientError:
    return error("ValidationException", message, operation)


def size_of(item: Mapping[str, Any]) -> int:
    """Return the size of an item in bytes as DynamoDB counts it: names and values in UTF-8."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def is_small(item: Mapping[str, Any]) -> bool:
    """Whether an item is so small that a hundred like it reach no limit."""
    chars = 0
    for value in item.values():
        for content in value.values():
            chars += len(content) if type(content) is str else SMALL_CHARS * len(content) // 50
    return chars < SMALL_CHARS


def _size(value: Any) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content.strip("-").replace(".", "")) // 2 + 2
        case "L":
            return 3 + sum(1 + _size(one) for one in content)
        case "M":
            return 3 + len(content) + size_of(content)
    return 1


@dataclass
class Table:
    """A table: its keys, its indexes, and its items by key."""

    name: str
    keys: tuple[str, ...]
    indexes: dict[str, Index]
    items: dict[Key, Item] = field(default_factory=dict)
    before: dict[Key, tuple[float, Item | None]] = field(default_factory=dict)
    """The item of each key before its last change, and the time of that change, for stale reads."""
    expires_by: str = ""
    large: set[Key] = field(default_factory=set)
    """The keys of items that are not small."""

    def key_of(self, item: Mapping[str, Any], operation: str) -> Key:
        key = []
        for name, kind in zip(self.keys, MAX_KEY_BYTES, strict=False):
            value = item.get(name)
            if value is None or "S" not in value:
                raise invalid("The provided key element does not match the schema", operation)
            if not value["S"]:
                raise invalid(f"The AttributeValue for key {name} is empty", operation)
            if len(value["S"].encode()) > MAX_KEY_BYTES[kind]:
                raise invalid("Size of a key has exceeded its limit", operation)
            key.append(value["S"])
        return tuple(key)

    def exact_key(self, key: Mapping[str, Any], operation: str) -> Key:
        if set(key) != set(self.keys):
            raise invalid("The provided key element does not match the schema", operation)
        return self.key_of(key, operation)

    def put(self, key: Key, item: Item | None, at: float) -> None:
        self.before[key] = (at, self.items.get(key))
        self.large.discard(key)
        if item is not None and not is_small(item):
            self.large.add(key)
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item

    def seen(self, key: Key, lag: float, now: float) -> Item | None:
        """Return the item as a read sees it that is ``lag`` seconds behind."""
        changed = self.before.get(key)
        if lag and changed is not None and changed[0] > now - lag:
            return changed[1]
        return self.items.get(key)

    def all_seen(self, lag: float, now: float) -> Iterator[Item]:
        if not lag:
            yield from self.items.values()
            return
        for key in {**self.items, **dict.fromkeys(self.before)}:
            item = self.seen(key, lag, now)
            if item is not None:
                yield item


@dataclass(frozen=True)
class Index:
    """The keys of an index, and the attributes that it contains: None for all."""

    keys: tuple[str, ...]
    projected: frozenset[str] | None


@dataclass
class Checked:
    """A write that was checked: what it changes, or why it is refused."""

    table: Table
    key: Key
    after: Item | None
    existed: Item | None
    refused: bool
    returns_item: bool
    is_invalid: bool = False


class DynamoDB:
    """The service. Its methods are those of boto's client."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.tables: dict[str, Table] = {}
        self.tokens: dict[str, tuple[float, Any]] = {}
        self.ignored_conditions: set[str] = set()
        """Texts of conditions that always hold, with which a mutant removes them from the code."""
        self.conditions: dict[str, int] = {}
        """How often each condition was evaluated."""

    def create_table(
        self,
        *,
        TableName: str,
        KeySchema: Iterable[Mapping[str, str]],
        GlobalSecondaryIndexes: Iterable[Mapping[str, Any]] = (),
        **_: Any,
    ) -> None:
        indexes = {
            one["IndexName"]: Index(_names(one["KeySchema"]), _projected(one, KeySchema))
            for one in GlobalSecondaryIndexes
        }
        self.tables[TableName] = Table(TableName, _names(KeySchema), indexes)

    def get_item(self, *, TableName: str, Key: Item, lag: float = 0.0, **request: Any) -> Any:
        table = self._table(TableName, "GetItem")
        key = table.exact_key(Key, "GetItem")
        lag = 0.0 if request.get("ConsistentRead") else lag
        item = table.seen(key, lag, self.now())
        shown = self._shown([] if item is None else [item], request, "GetItem")
        return {"Item": shown[0]} if shown else {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any], lag: float = 0.0) -> Any:
        count = sum(len(request["Keys"]) for request in RequestItems.values())
        if not 1 <= count <= 100:
            raise invalid("Too many items requested for the BatchGetItem call", "BatchGetItem")
        responses: dict[str, list[Item]] = {}
        left: dict[str, Any] = {}
        room = MAX_BATCH_BYTES
        for name, request in RequestItems.items():
            table = self._table(name, "BatchGetItem")
            keys = [table.exact_key(key, "BatchGetItem") for key in request["Keys"]]
            if len(set(keys)) != len(keys):
                raise invalid("Provided list of item keys contains duplicates", "BatchGetItem")
            behind = 0.0 if request.get("ConsistentRead") else lag
            found = []
            for key, asked in zip(keys, request["Keys"], strict=True):
                item = table.seen(key, behind, self.now())
                room -= size_of(item) if item is not None and key in table.large else 0
                if room < 0:
                    left.setdefault(name, {**request, "Keys": []})["Keys"].append(asked)
                elif item is not None:
                    found.append(item)
            responses[name] = self._shown(found, request, "BatchGetItem")
        return {"Responses": responses, "UnprocessedKeys": left}

    def put_item(self, *, TableName: str, Item: Item, **request: Any) -> Any:
        return self._write_one("PutItem", {"TableName": TableName, "Item": Item, **request})

    def update_item(self, *, TableName: str, Key: Item, **request: Any) -> Any:
        return self._write_one("UpdateItem", {"TableName": TableName, "Key": Key, **request})

    def delete_item(self, *, TableName: str, Key: Item, **request: Any) -> Any:
        return self._write_one("DeleteItem", {"TableName": TableName, "Key": Key, **request})

    def _write_one(self, operation: str, request: Mapping[str, Any]) -> Any:
        checked = self._check(operation, request, operation)
        if checked.refused:
            more: Any = {}
            if checked.returns_item and checked.existed is not None:
                more = {"Item": dict(checked.existed)}
            raise error("ConditionalCheckFailedException", REFUSED, operation, **more)
        checked.table.put(checked.key, checked.after, self.now())
        return _returned(checked, request.get("ReturnValues", "NONE"))

    def transact_write_items(
        self, *, TransactItems: list[Mapping[str, Any]], ClientRequestToken: str = ""
    ) -> Any:
        operation = "TransactWriteItems"
        if self._is_known(ClientRequestToken, TransactItems):
            return {}
        if not 1 <= len(TransactItems) <= 100:
            raise invalid("Member must have length less than or equal to 100", operation)
        checked = [self._check_action(action) for action in TransactItems]
        places = [(one.table.name, one.key) for one in checked]
        if len(set(places)) != len(places):
            message = "Transaction request cannot include multiple operations on one item"
            raise invalid(message, operation)
        large = [one.after for one in checked if one.after and not is_small(one.after)]
        if sum(map(size_of, large)) > MAX_TRANSACTION_BYTES:
            raise invalid("Transaction request exceeds 4 MB", operation)
        if any(one.refused or one.is_invalid for one in checked):
            raise cancelled([_reason(one) for one in checked])
        for one in checked:
            one.table.put(one.key, one.after, self.now())
        if ClientRequestToken:
            self.tokens[ClientRequestToken] = (self.now(), TransactItems)
        return {}

    def _is_known(self, token: str, actions: Any) -> bool:
        """Whether a transaction was made already: its token is valid for ten minutes."""
        known = self.tokens.get(token) if token else None
        if known is None or self.now() - known[0] > TOKEN_SECONDS:
            return False
        if known[1] != actions:
            message = "The request uses a token of another request"
            raise error("IdempotentParameterMismatchException", message, "TransactWriteItems")
        return True

    def query(self, *, TableName: str, lag: float = 0.0, **request: Any) -> Any:
        table = self._table(TableName, "Query")
        index = _index(table, request.get("IndexName"))
        behind = 0.0 if request.get("ConsistentRead") else lag
        matching = self._matching(table, index, request, behind)
        is_forward = request.get("ScanIndexForward", True)
        if not is_forward:
            matching.reverse()
        start = request.get("ExclusiveStartKey")
        if start is not None:
            matching = _after(matching, start, index, table, is_forward=is_forward)
        read = _page(matching, request.get("Limit"), has_large=bool(table.large))
        more = len(read) < len(matching) or len(read) == request.get("Limit")
        shown = self._shown(self._filtered(read, request), request, "Query", index)
        answer: dict[str, Any] = {
            "Items": shown,
            "Count": len(shown),
            "ScannedCount": len(read),
        }
        if more and read:
            names = dict.fromkeys((*index.keys, *table.keys))
            answer["LastEvaluatedKey"] = {name: read[-1][name] for name in names}
        return answer

    def scan(self, *, TableName: str, **_: Any) -> Any:
        items = [dict(item) for item in self._table(TableName, "Scan").items.values()]
        return {"Items": items, "Count": len(items)}

    def expire(self, table: str, key: Key) -> None:
        """Delete an item, as DynamoDB does after its time to live."""
        self.tables[table].put(key, None, self.now())

    def _table(self, name: str, operation: str) -> Table:
        if name not in self.tables:
            raise error("ResourceNotFoundException", "Requested resource not found", operation)
        return self.tables[name]

    def _matching(
        self, table: Table, index: Index, request: Mapping[str, Any], lag: float
    ) -> list[Item]:
        text = request["KeyConditionExpression"]
        test = expressions.condition(text)
        names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        found = []
        try:
            partition = expressions.partition(text, Scope({}, names, values), index.keys[0])
            for item in table.all_seen(lag, self.now()):
                if item.get(partition[0]) != partition[1] or index.keys[-1] not in item:
                    continue
                if test(Scope(item, names, values)):
                    found.append(item)
        except InvalidExpression as fault:
            raise invalid(str(fault), "Query") from None
        return sorted(found, key=lambda item: _place(item, index.keys, table.keys))

    def _filtered(self, items: list[Item], request: Mapping[str, Any]) -> list[Item]:
        if "FilterExpression" not in request:
            return items
        test = expressions.condition(request["FilterExpression"])
        names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        return [item for item in items if test(Scope(item, names, values))]

    def _shown(
        self,
        items: list[Item],
        request: Mapping[str, Any],
        operation: str,
        index: Index | None = None,
    ) -> list[Item]:
        self._check_used(request, operation)
        held = None if index is None else index.projected
        if "ProjectionExpression" in request:
            names = request.get("ExpressionAttributeNames", {})
            wanted, _ = expressions.projection(request["ProjectionExpression"], names)
            items = [{name: item[name] for name in wanted if name in item} for item in items]
        if held is None:
            return [dict(item) for item in items]
        return [{name: item[name] for name in item if name in held} for item in items]

    def _check_used(self, request: Mapping[str, Any], operation: str) -> None:
        """Refuse names and values that no expression uses, as DynamoDB does."""
        texts = " ".join(
            str(value) for name, value in request.items() if "Expression" in name[-10:]
        )
        for given in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            for token in request.get(given, ()):
                if not _mentions(texts, token):
                    raise invalid(f"Value provided in {given} unused: {token}", operation)

    def _check_action(self, action: Mapping[str, Any]) -> Checked:
        [(kind, request)] = action.items()
        operation = {
            "Put": "PutItem",
            "Update": "UpdateItem",
            "Delete": "DeleteItem",
            "ConditionCheck": "ConditionCheck",
        }[kind]
        return self._check(operation, request, "TransactWriteItems")

    def _check(self, kind: str, request: Mapping[str, Any], operation: str) -> Checked:
        """Check a write; nothing is changed yet."""
        table = self._table(request["TableName"], operation)
        key = (
            table.key_of(request["Item"], operation)
            if kind == "PutItem"
            else table.exact_key(request["Key"], operation)
        )
        existed = table.items.get(key)
        self._check_used(request, operation)
        names = request.get("ExpressionAttributeNames", {})
        values = request.get("ExpressionAttributeValues", {})
        scope = Scope(existed or {}, names, values)
        returns = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        try:
            refused = not self._holds(request.get("ConditionExpression"), scope)
            after = None if refused else self._after(kind, request, table, scope)
        except WrongOperand as fault:
            if operation != "TransactWriteItems":
                raise invalid(str(fault), operation) from None
            return Checked(table, key, None, existed, False, returns, True)
        except InvalidExpression as fault:
            raise invalid(str(fault), operation) from None
        if after is not None:
            _check_item(table, after, operation)
        if kind == "ConditionCheck" and not refused:
            after = existed
        return Checked(table, key, after, existed, refused, returns)

    def _holds(self, text: str | None, scope: Scope) -> bool:
        if text is None:
            return True
        self.conditions[text] = self.conditions.get(text, 0) + 1
        return expressions.condition(text)(scope) or text in self.ignored_conditions

    def _after(
        self, kind: str, request: Mapping[str, Any], table: Table, scope: Scope
    ) -> Item | None:
        if kind == "PutItem":
            return dict(request["Item"])
        if kind in {"DeleteItem", "ConditionCheck"}:
            return None
        item = {**request["Key"], **scope.item}
        scope = Scope(item, scope.names, scope.values, scope.used)
        after = expressions.update(request["UpdateExpression"]).apply(scope)
        if any(after.get(name) != request["Key"][name] for name in table.keys):
            raise InvalidExpression("Cannot update an attribute that is part of the key")
        return after


def cancelled(reasons: list[dict[str, Any]]) -> ClientError:
    """Return the error of a transaction that was cancelled."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    return error(
        "TransactionCanceledException", message, "TransactWriteItems", CancellationReasons=reasons
    )


def _reason(checked: Checked) -> dict[str, Any]:
    if checked.is_invalid:
        return {"Code": "ValidationError", "Message": "an operand has an incorrect data type"}
    if not checked.refused:
        return {"Code": "None"}
    reason: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Message": REFUSED}
    if checked.returns_item and checked.existed is not None:
        reason["Item"] = dict(checked.existed)
    return reason


def _returned(checked: Checked, wanted: str) -> dict[str, Any]:
    existed, after = checked.existed or {}, checked.after or {}
    changed = {
        name for name in existed.keys() | after.keys() if existed.get(name) != after.get(name)
    }
    changed -= set(checked.table.keys)
    match wanted:
        case "ALL_OLD":
            return {"Attributes": dict(existed)} if existed else {}
        case "ALL_NEW":
            return {"Attributes": dict(after)}
        case "UPDATED_OLD":
            found = {name: existed[name] for name in sorted(changed) if name in existed}
            return {"Attributes": found} if found else {}
        case "UPDATED_NEW":
            return {"Attributes": {name: after[name] for name in sorted(changed) if name in after}}
    return {}


def _check_item(table: Table, item: Item, operation: str) -> None:
    if not is_small(item) and size_of(item) > MAX_ITEM_BYTES:
        raise invalid("Item size has exceeded the maximum allowed size", operation)
    for index in table.indexes.values():
        for name, kind in zip(index.keys, MAX_KEY_BYTES, strict=False):
            value = item.get(name)
            if value is not None and not (
                "S" in value and 0 < len(value["S"].encode()) <= MAX_KEY_BYTES[kind]
            ):
                raise invalid(f"The value of index key {name} is not valid", operation)


def _names(schema: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    kinds = {one["KeyType"]: one["AttributeName"] for one in schema}
    return tuple(kinds[kind] for kind in ("HASH", "RANGE") if kind in kinds)


def _projected(
    index: Mapping[str, Any], schema: Iterable[Mapping[str, str]]
) -> frozenset[str] | None:
    projection = index["Projection"]
    if projection["ProjectionType"] == "ALL":
        return None
    keys = {*_names(schema), *_names(index["KeySchema"])}
    return frozenset(keys | set(projection.get("NonKeyAttributes", ())))


def _index(table: Table, name: str | None) -> Index:
    if name is None:
        return Index(table.keys, None)
    if name not in table.indexes:
        raise invalid(f"The table does not have the specified index: {name}", "Query")
    return table.indexes[name]


def _place(item: Mapping[str, Any], keys: tuple[str, ...], table_keys: tuple[str, ...]) -> Any:
    """Return an item's position in an index: by the sort key, then by the table's own key."""
    return tuple(sort_key(item[name]) for name in (*keys[1:], *table_keys))


def _after(
    items: list[Item], start: Item, index: Index, table: Table, *, is_forward: bool
) -> list[Item]:
    """Return the items after a start key, which need not exist any more."""
    place = _place(start, index.keys, table.keys)
    places = [(item, _place(item, index.keys, table.keys)) for item in items]
    return [item for item, at in places if (at > place if is_forward else at < place)]


def _page(items: list[Item], limit: int | None, *, has_large: bool) -> list[Item]:
    if not has_large:
        return items[:limit]
    page, size = [], 0
    for item in items[:limit]:
        size += 0 if is_small(item) else size_of(item)
        page.append(item)
        if size > MAX_PAGE_BYTES:
            break
    return page


@lru_cache(maxsize=4_096)
def _mentions(text: str, token: str) -> bool:
    position = text.find(token)
    while position >= 0:
        end = position + len(token)
        if end == len(text) or not (text[end].isalnum() or text[end] == "_"):
            return True
        position = text.find(token, end)
    return False
