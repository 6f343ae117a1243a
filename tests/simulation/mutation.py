"""Mutants of the package, made from its source: statements removed, swapped or inverted.

A mutant is identified by its module, its kind and its number there, so that another process can
make the same one. `Mutating` replaces the module by it on import.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = Path(__file__).parents[2] / "layers" / "shared"

MODULES = (
    "grok_insights.analysis.admission",
    "grok_insights.analysis.batch",
    "grok_insights.analysis.calls",
    "grok_insights.analysis.outcomes",
    "grok_insights.analysis.requeue",
    "grok_insights.analysis.feedback",
    "grok_insights.analysis.retry_policy",
    "grok_insights.analysis.saving",
    "grok_insights.analysis.waves",
    "grok_insights.aws.conversations",
    "grok_insights.aws.dynamodb.batch_get",
    "grok_insights.aws.dynamodb.transactions",
    "grok_insights.aws.erasure",
    "grok_insights.aws.insights.table",
    "grok_insights.aws.ledger",
    "grok_insights.aws.queue",
    "grok_insights.aws.state.circuit_breaker",
    "grok_insights.aws.state.counters",
    "grok_insights.aws.state.pauses",
    "grok_insights.aws.state.spending",
    "grok_insights.aws.state.timetable",
    "grok_insights.aws.worklist",
    "grok_insights.flow.pace",
    "grok_insights.flow.pauses",
    "grok_insights.ingest.conversations",
)

OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
NOT_SEEN = {"logger", "metrics", "emit", "add_metric"}
"""Changes that affect only logs and metrics break no promise."""


@dataclass(frozen=True)
class Mutant:
    """One change. For a condition that always holds, ``kind`` is ``condition``."""

    module: str
    kind: str
    number: int
    line: int
    source: str

    @property
    def name(self) -> str:
        return f"{self.module}:{self.kind}:{self.number}"


Change = Callable[[], None]
Found = tuple[ast.AST, str, Change]


def path_of(module: str) -> Path:
    """Return the file of a module."""
    return (PACKAGE / module.replace(".", "/")).with_suffix(".py")


def changes(tree: ast.Module) -> Iterator[tuple[str, Found]]:
    """Return every change of a module, with the function that makes it in the tree."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name != "__init__":
            for body in _bodies(function):
                yield from (("drop", one) for one in _drops(body))
                yield from (("swap", one) for one in _swaps(body))
            for node in _own_nodes(function):
                yield from _expressions(node)


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    nested = {
        child
        for one in ast.walk(function)
        if isinstance(one, ast.FunctionDef) and one is not function
        for child in ast.walk(one)
    }
    yield from (node for node in ast.walk(function) if node not in nested)


def _bodies(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    for node in _own_nodes(function):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and not isinstance(node, ast.Lambda):
                yield body


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:90]


def _is_effect(node: ast.stmt) -> bool:
    """Whether a statement has a side effect."""
    is_statement = (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)) or isinstance(
        node, ast.AugAssign
    )
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    attributes = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return is_statement and not (names | attributes) & NOT_SEEN and "report." not in _head(node)


def _head(node: ast.stmt) -> str:
    """Counts of a report are metrics, except those of messages to deliver again."""
    if isinstance(node, ast.AugAssign):
        target = ast.unparse(node.target)
        return "" if target.endswith("unsaved") else f"report.{target}"
    return ""


def _drops(body: list[ast.stmt]) -> Iterator[Found]:
    for at, node in enumerate(body):
        if _is_effect(node):
            yield node, f"without: {_text(node)}", _replacing(body, at, [ast.Pass()])


def _swaps(body: list[ast.stmt]) -> Iterator[Found]:
    for at in range(len(body) - 1):
        one, other = body[at], body[at + 1]
        if not (_calls(one) and _calls(other)):
            continue
        if _assigned(one) & _used(other) or isinstance(one, ast.Return):
            continue
        text = f"swapped: {_text(one)} <-> {_text(other)}"
        yield one, text, _replacing(body, at, [other, one], 2)


def _calls(node: ast.stmt) -> bool:
    simple = isinstance(node, ast.Expr | ast.Assign | ast.AugAssign)
    return (
        simple
        and any(
            isinstance(one, ast.Call) and "self." in ast.unparse(one.func) for one in ast.walk(node)
        )
        and not _used(node) & NOT_SEEN
    )


def _assigned(node: ast.stmt) -> set[str]:
    stores = (one for one in ast.walk(node) if isinstance(one, ast.Name))
    return {one.id for one in stores if isinstance(one.ctx, ast.Store)}


def _used(node: ast.stmt) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _replacing(body: list[ast.stmt], at: int, by: Sequence[ast.stmt], count: int = 1) -> Change:
    def change() -> None:
        body[at : at + count] = by

    return change


def _expressions(node: ast.AST) -> Iterator[tuple[str, Found]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITE:
        opposite = OPPOSITE[type(node.ops[0])]()

        def turn(node: ast.Compare = node, opposite: ast.cmpop = opposite) -> None:
            node.ops[0] = opposite

        yield "turn", (node, f"turned round: {_text(node)}", turn)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _is_set(node):

        def keep(node: ast.BinOp = node) -> None:
            node.op = ast.BitOr()
            node.right = node.left

        yield "keep", (node, f"nothing taken out: {_text(node)}", keep)
    if isinstance(node, ast.Return) and isinstance(node.value, ast.SetComp):

        def forget(node: ast.Return = node) -> None:
            node.value = ast.Call(ast.Name("set", ast.Load()), [], [])

        yield "forget", (node, f"returns none: {_text(node)}", forget)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):

        def halve(node: ast.BinOp = node) -> None:
            node.right = ast.BinOp(node.right, ast.Mult(), ast.Constant(2))

        yield "halve", (node, f"halved: {_text(node)}", halve)


def _is_set(node: ast.BinOp) -> bool:
    text = ast.unparse(node)
    return any(word in text for word in ("set(", "lost", "keys()", "new", "refused", "{"))


def mutants_of(module: str) -> Iterator[Mutant]:
    """Return every mutant of a module."""
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    numbers: dict[str, int] = {}
    for kind, (node, text, _) in changes(tree):
        number = numbers[kind] = numbers.get(kind, -1) + 1
        yield Mutant(module, kind, number, getattr(node, "lineno", 0), text)


def mutated(module: str, kind: str, number: int) -> ast.Module:
    """Return the tree of a module with one change made."""
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    found = [change for one, (_, _, change) in changes(tree) if one == kind]
    found[number]()
    return ast.fix_missing_locations(tree)


class Mutating(MetaPathFinder, Loader):
    """Imports one module with its change."""

    def __init__(self, name: str) -> None:
        self.module, self.kind, number = name.split(":")
        self.number = int(number)

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        del path, target
        if fullname != self.module:
            return None
        return spec_from_loader(fullname, self, origin=str(path_of(fullname)))

    def exec_module(self, module: ModuleType) -> None:
        tree = mutated(self.module, self.kind, self.number)
        module.__file__ = str(path_of(self.module))
        exec(compile(tree, module.__file__, "exec"), module.__dict__)

    def install(self) -> None:
        """Install the importer."""
        sys.meta_path.insert(0, self)
