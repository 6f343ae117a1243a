"""DynamoDB's expressions, as far as the package uses them: conditions, updates and projections.

An expression is parsed once and cached. Paths are names of attributes: maps and lists are not
supported. Each function raises `InvalidExpression` where DynamoDB returns ``ValidationException``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

Value = Mapping[str, Any]
Item = Mapping[str, Any]
Test = Callable[["Scope"], bool]
Operand = Callable[["Scope"], Value | None]

TOKEN = re.compile(r"\s*(<=|>=|<>|[(),=<>+-]|[#:]?[A-Za-z_][\w.-]*)")
COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")


class InvalidExpression(ValueError):
    """DynamoDB would refuse the request."""


class WrongOperand(InvalidExpression):
    """An update cannot use an attribute's value; it is one cancellation reason of a transaction."""


@dataclass
class Scope:
    """The item of an expression, its names and values, and those that it used."""

    item: Item
    names: Mapping[str, str]
    values: Mapping[str, Value]
    used: set[str] = field(default_factory=set)

    def name(self, token: str) -> str:
        if not token.startswith("#"):
            return token
        self.used.add(token)
        if token not in self.names:
            raise InvalidExpression(f"attribute name not defined: {token}")
        return self.names[token]

    def value(self, token: str) -> Value:
        self.used.add(token)
        if token not in self.values:
            raise InvalidExpression(f"attribute value not defined: {token}")
        return self.values[token]


def sort_key(value: Value) -> Any:
    """Return a key that orders values of one type as DynamoDB does: strings by UTF-8 bytes."""
    if "N" in value:
        return Decimal(value["N"])
    return value["S"].encode() if "S" in value else value


def equal(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return one is other
    if "N" in one and "N" in other:
        return Decimal(one["N"]) == Decimal(other["N"])
    return one == other


def compare(operator: str, one: Value | None, other: Value | None) -> bool:
    """Compare two values; with a missing attribute only ``<>`` holds."""
    if operator == "<>":
        return not equal(one, other)
    if one is None or other is None:
        return False
    if operator == "=":
        return equal(one, other)
    if one.keys() != other.keys():
        return False
    left, right = sort_key(one), sort_key(other)
    below, same = bool(left < right), bool(left == right)
    return {"<": below, "<=": below or same, ">": not (below or same), ">=": not below}[operator]


class Tokens:
    """The tokens of an expression, read from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        position, text = 0, text.strip()
        while position < len(text):
            found = TOKEN.match(text, position)
            if found is None:
                raise InvalidExpression(f"syntax error near: {text[position : position + 10]}")
            self.tokens.append(found[1])
            position = found.end()
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def is_next(self, *words: str) -> bool:
        return self.next.upper() in words

    def take(self, expected: str = "") -> str:
        token = self.next
        if not token or (expected and token.upper() != expected):
            raise InvalidExpression(f"syntax error: {token or 'the end'} in place of {expected}")
        self.at += 1
        return token

    def end(self) -> None:
        if self.next:
            raise InvalidExpression(f"syntax error near: {self.next}")


@lru_cache(maxsize=512)
def condition(text: str) -> Test:
    """Parse a condition, filter or key condition."""
    tokens = Tokens(text)
    test = _any_of(tokens)
    tokens.end()
    return test


def _any_of(tokens: Tokens) -> Test:
    tests = [_all_of(tokens)]
    while tokens.is_next("OR"):
        tokens.take()
        tests.append(_all_of(tokens))
    return tests[0] if len(tests) == 1 else _each(any, tests)


def _all_of(tokens: Tokens) -> Test:
    tests = [_negated(tokens)]
    while tokens.is_next("AND"):
        tokens.take()
        tests.append(_negated(tokens))
    return tests[0] if len(tests) == 1 else _each(all, tests)


def _each(judge: Callable[[list[bool]], bool], tests: list[Test]) -> Test:
    """Evaluate every part, so that every name and value counts as used."""
    return lambda scope: judge([test(scope) for test in tests])


def _negated(tokens: Tokens) -> Test:
    if not tokens.is_next("NOT"):
        return _simple(tokens)
    tokens.take()
    test = _negated(tokens)
    return lambda scope: not test(scope)


def _simple(tokens: Tokens) -> Test:
    if tokens.is_next("("):
        tokens.take()
        test = _any_of(tokens)
        tokens.take(")")
        return test
    following = tokens.tokens[tokens.at + 1 : tokens.at + 2]
    if following == ["("] and not tokens.is_next("SIZE"):
        return _function(tokens)
    left = _size(tokens) if tokens.is_next("SIZE") else _operand(tokens)
    if tokens.is_next("BETWEEN"):
        return _between(left, tokens)
    operator = tokens.take()
    if operator not in COMPARATORS:
        raise InvalidExpression(f"syntax error near: {operator}")
    right = _operand(tokens)
    return lambda scope: compare(operator, left(scope), right(scope))


def _between(value: Operand, tokens: Tokens) -> Test:
    tokens.take()
    low = _operand(tokens)
    tokens.take("AND")
    high = _operand(tokens)

    def test(scope: Scope) -> bool:
        lowest, highest, found = low(scope), high(scope), value(scope)
        if lowest is not None and highest is not None and compare(">", lowest, highest):
            raise InvalidExpression("the BETWEEN operator needs its bounds in order")
        return compare(">=", found, lowest) and compare("<=", found, highest)

    return test


def _function(tokens: Tokens) -> Test:
    name = tokens.take()
    tokens.take("(")
    subject = _operand(tokens)
    argument = None
    if tokens.is_next(","):
        tokens.take()
        argument = _operand(tokens)
    tokens.take(")")
    match name:
        case "attribute_exists":
            return lambda scope: subject(scope) is not None
        case "attribute_not_exists":
            return lambda scope: subject(scope) is None
        case "attribute_type" if argument is not None:
            return lambda scope: _has_type(subject(scope), argument(scope))
        case "contains" if argument is not None:
            return lambda scope: _contains(subject(scope), argument(scope))
        case "begins_with" if argument is not None:
            return lambda scope: _begins_with(subject(scope), argument(scope))
    raise InvalidExpression(f"no such function here: {name}")


def _has_type(value: Value | None, wanted: Value | None) -> bool:
    return value is not None and wanted is not None and list(value) == [wanted["S"]]


def _contains(value: Value | None, wanted: Value | None) -> bool:
    """Return whether a set contains a text, or a text contains another one."""
    if value is None or wanted is None:
        return False
    return wanted["S"] in value.get("SS", value.get("S", ""))


def _size(tokens: Tokens) -> Operand:
    """Parse the size of an attribute, of which this package uses only sets."""
    tokens.take("SIZE")
    tokens.take("(")
    subject = _operand(tokens)
    tokens.take(")")

    def size(scope: Scope) -> Value | None:
        value = subject(scope)
        return None if value is None or "SS" not in value else {"N": str(len(value["SS"]))}

    return size


def _begins_with(value: Value | None, start: Value | None) -> bool:
    if value is None or start is None or "S" not in value:
        return False
    return bool(value["S"].startswith(start["S"]))


def _operand(tokens: Tokens) -> Operand:
    token = tokens.take()
    if token.startswith(":"):
        return lambda scope: scope.value(token)
    if token == "if_not_exists":
        tokens.take("(")
        path = tokens.take()
        tokens.take(",")
        default = _operand(tokens)
        tokens.take(")")
        return lambda scope: _or_default(scope.item.get(scope.name(path)), default(scope))
    return lambda scope: scope.item.get(scope.name(token))


def _or_default(value: Value | None, default: Value | None) -> Value | None:
    return default if value is None else value


@lru_cache(maxsize=512)
def _partition(text: str) -> tuple[str, str]:
    found = re.match(r"\s*([#\w]+)\s*=\s*(:\w+)", text)
    if found is None:
        raise InvalidExpression("Query key condition not supported")
    return found[1], found[2]


def partition(text: str, scope: Scope, key: str) -> tuple[str, Value]:
    """Return the partition key of an index, and its value in a key condition."""
    name, token = _partition(text)
    if scope.name(name) != key:
        raise InvalidExpression("Query condition missed key schema element")
    return key, scope.value(token)


@dataclass(frozen=True)
class Update:
    """The clauses of an update, by the attribute that each changes."""

    sets: tuple[tuple[str, Operand], ...]
    adds: tuple[tuple[str, str], ...]
    removes: tuple[str, ...]

    def apply(self, scope: Scope) -> dict[str, Any]:
        """Return the item after the update. Every clause reads the item as it was before."""
        changed = dict(scope.item)
        names = [
            scope.name(path)
            for path in (*(p for p, _ in self.sets), *(p for p, _ in self.adds), *self.removes)
        ]
        if len(set(names)) != len(names):
            raise InvalidExpression("two document paths overlap with each other")
        for path, operand in self.sets:
            value = operand(scope)
            if value is None:
                raise WrongOperand("an operand refers to an attribute that does not exist")
            changed[scope.name(path)] = value
        for path, token in self.adds:
            name = scope.name(path)
            changed[name] = _sum(scope.item.get(name), scope.value(token))
        for path in self.removes:
            changed.pop(scope.name(path), None)
        return changed


def _sum(value: Value | None, addend: Value, sign: int = 1) -> Value:
    if "SS" in addend and (value is None or "SS" in value):
        return {"SS": sorted({*(value or {"SS": []})["SS"], *addend["SS"]})}
    if "N" not in addend or (value is not None and "N" not in value):
        raise WrongOperand("an operand in the update expression has an incorrect data type")
    before = Decimal(0) if value is None else Decimal(value["N"])
    return {"N": str(before + sign * Decimal(addend["N"]))}


@lru_cache(maxsize=512)
def update(text: str) -> Update:
    """Parse an update expression."""
    tokens = Tokens(text)
    sets: list[tuple[str, Operand]] = []
    adds: list[tuple[str, str]] = []
    removes: list[str] = []
    while tokens.next:
        clause = tokens.take().upper()
        while True:
            path = tokens.take()
            match clause:
                case "SET":
                    tokens.take("=")
                    sets.append((path, _arithmetic(tokens)))
                case "ADD":
                    adds.append((path, tokens.take()))
                case "REMOVE":
                    removes.append(path)
                case _:
                    raise InvalidExpression(f"syntax error near: {clause}")
            if not tokens.is_next(","):
                break
            tokens.take()
    return Update(tuple(sets), tuple(adds), tuple(removes))


def _arithmetic(tokens: Tokens) -> Operand:
    left = _operand(tokens)
    if not tokens.is_next("+", "-"):
        return left
    sign = 1 if tokens.take() == "+" else -1
    right = _operand(tokens)

    def total(scope: Scope) -> Value:
        one, other = left(scope), right(scope)
        if one is None or other is None:
            raise WrongOperand("an operand refers to an attribute that does not exist")
        return _sum(one, other, sign)

    return total


def projection(text: str, names: Mapping[str, str]) -> tuple[list[str], set[str]]:
    """Return the requested attributes, and the names that the expression used."""
    scope = Scope({}, names, {})
    return [scope.name(path.strip()) for path in text.split(",")], scope.used
