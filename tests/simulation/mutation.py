"""Mutants of the package, made from its source: statements removed, swapped or inverted.

`by_hand` adds those that no rule makes.

A mutant is identified by its module, its kind and its number there, so that another process can
make the same one. `Mutating` replaces a module by it on import. `change_functions` changes a module
that is loaded, which is quick, but only its functions.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from inspect import unwrap
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from tests.simulation.by_hand import BY_HAND, edited

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared"

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
    "grok_insights.aws.state.pauses",
    "grok_insights.aws.state.spending",
    "grok_insights.aws.state.timetable",
    "grok_insights.aws.worklist",
    "grok_insights.flow.pace",
    "grok_insights.flow.pauses",
    "grok_insights.ingest.conversations",
)

HAND, CONDITION = "hand", "condition"

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
NOT_SEEN = {
    "logger", "metrics", "emit", "add_metric", "_log", "_logged", "_changes", "changes", "jitter",
    "learn_batch_size",
}  # fmt: skip
"""Names of logs, metrics, and what only steers the speed: they cannot affect a promise."""

WRITES = {
    "save", "_save", "resend", "dead_letter", "send", "_send", "mark_enqueued", "add", "erase",
    "learn", "settle", "pause", "end_pause", "pause_for_storage", "begin", "end",
    "give_up", "reserve", "claim", "_make_corrections", "append", "resume_storage", "_record",
}  # fmt: skip
"""Names of calls that write or order a write. Pairs of them are swapped."""


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
    if module.startswith("functions."):
        return (ROOT / module.replace(".", "/")).with_suffix(".py")
    return (PACKAGE / module.replace(".", "/")).with_suffix(".py")


def changes(tree: ast.Module) -> Iterator[tuple[str, Found]]:
    """Return every change of a module, with the function that makes it in the tree."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name != "__init__":
            for body in _bodies(function):
                yield from (("drop", one) for one in _drops(body))
                yield from (("swap", one) for one in _swaps(body))
                yield from (("loose", one) for one in _loosened(body))
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
    return is_statement and not _names(node) & NOT_SEEN and "report." not in _head(node)


def _names(node: ast.AST) -> set[str]:
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return names | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


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


def _loosened(body: list[ast.stmt]) -> Iterator[Found]:
    """Let an error of a step that is contained affect the steps after it."""
    for at, node in enumerate(body):
        if isinstance(node, ast.With) and "contained(" in ast.unparse(node.items[0]):
            text = f"not contained: {ast.unparse(node.items[0])}"
            yield node, text, _replacing(body, at, node.body)


def _calls(node: ast.stmt) -> bool:
    """Whether a statement calls a method that writes."""
    calls = (one.func for one in ast.walk(node) if isinstance(one, ast.Call))
    names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    is_simple = isinstance(node, ast.Expr | ast.Assign | ast.AugAssign)
    return is_simple and bool(names & WRITES) and not _used(node) & NOT_SEEN


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

        if not _names(node) & NOT_SEEN:
            yield "turn", (node, f"turned round: {_text(node)}", turn)


def mutants_of(module: str) -> Iterator[Mutant]:
    """Return every mutant of a module."""
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    numbers: dict[str, int] = {}
    texts: Counter[str] = Counter()
    for kind, (node, text, _) in changes(tree):
        number = numbers[kind] = numbers.get(kind, -1) + 1
        texts[text] += 1
        place = f" (place {texts[text]})" if texts[text] > 1 else ""
        yield Mutant(module, kind, number, getattr(node, "lineno", 0), text + place)


def mutants_by_hand() -> Iterator[Mutant]:
    """Return the mutants that no rule makes."""
    for number, one in enumerate(BY_HAND):
        yield Mutant(one.module, HAND, number, 0, f"{one.kind}: {one.name}")


def mutated(module: str, kind: str, number: int) -> ast.Module:
    """Return the tree of a module with one change made."""
    source = path_of(module).read_text(encoding="utf-8")
    if kind == HAND:
        return ast.parse(edited(source, BY_HAND[number]))
    tree = ast.parse(source)
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


def change_functions(mutant: Mutant) -> bool:
    """Give the functions of a loaded module the code that they have with a change.

    Return False if that is not possible: without its call of ``super`` a method has other cells.

    Raises
    ------
    LookupError
        No function has other code than before.
    """
    loaded = import_module(mutant.module)
    changed = ModuleType(mutant.module)
    tree = mutated(mutant.module, mutant.kind, mutant.number)
    exec(compile(tree, str(path_of(mutant.module)), "exec"), changed.__dict__)
    codes = {name: function.__code__ for name, function in _functions(changed)}
    differing = [one for name, one in _functions(loaded) if one.__code__ != codes[name]]
    if not differing:
        raise LookupError(f"{mutant.name} changes no function")
    if any(one.__code__.co_freevars != codes[one.__qualname__].co_freevars for one in differing):
        return False
    for function in differing:
        function.__code__ = codes[function.__qualname__]
    return True


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """Yield the functions and methods of a module, with their qualified names."""
    own = [one for one in vars(module).values() if _is_of(one, module)]
    members = [member for one in own if isinstance(one, type) for member in vars(one).values()]
    for value in (*own, *members):
        for one in (value, *(getattr(value, name, None) for name in ("__func__", "fget", "func"))):
            function = unwrap(one) if callable(one) else one
            if isinstance(function, FunctionType) and _is_of(function, module):
                yield function.__qualname__, function


def _is_of(value: object, module: ModuleType) -> bool:
    return getattr(value, "__module__", None) == module.__name__
