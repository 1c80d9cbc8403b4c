"""Makes mutants of a module: copies of its source with one small fault each.

The faults are mutmut's and a few more: a statement, a decorator or a link of a chain of calls left out, a condition
turned round. What only words for people, types and the shape of tables depend on stays as it is. Of an argument,
mutmut makes two faults, None for it and nothing for it; here it is one, lest most of them only raise TypeError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import libcst as cst
from libcst import matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal

Operator = Callable[[Any], Iterable[cst.CSTNode]]


@dataclass(frozen=True)
class Mutant:
    """One fault: the source with it, the lines of the statement it stands in, and how it reads."""

    module: str  # path from the root of the repository
    source: str
    lines: range
    place: str  # qualified name of the function or class around it
    was: str
    now: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is called in the list of survivors; other changes of the module leave that name as it is."""
        return self.module, self.place, self.was, self.now

    def __str__(self) -> str:
        return f"{self.module} {self.place}\n    - {self.was}\n    + {self.now}"


# --- operators beside mutmut's ----------------------------------------------------------------------------------


def statement_left_out(node: cst.SimpleStatementLine) -> Iterable[cst.CSTNode]:
    """A call made for what it does, a ``raise``, a ``return`` without a value: gone."""
    effect = m.Expr(value=m.Call() | m.Yield()) | m.Raise() | m.Return(value=None)
    if len(node.body) == 1 and m.matches(node.body[0], effect):
        yield cst.Pass()


def decorator_left_out(node: cst.FunctionDef) -> Iterable[cst.CSTNode]:
    for place, decorator in enumerate(node.decorators):
        if not m.matches(decorator.decorator, m.Name("property") | m.Attribute(attr=m.Name("setter"))):
            yield node.with_changes(decorators=[*node.decorators[:place], *node.decorators[place + 1 :]])


def link_left_out(node: cst.Call) -> Iterable[cst.CSTNode]:
    """``rows.select_for_update().get(pk=1)`` without its lock: each call on what another call gave."""
    if isinstance(node.func, cst.Attribute) and isinstance(node.func.value, cst.Call | cst.Attribute):
        yield node.func.value


def condition_turned(node: cst.If | cst.While | cst.IfExp) -> Iterable[cst.CSTNode]:
    if not isinstance(node.test, cst.UnaryOperation | cst.Comparison):  # mutmut turns these
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def argument_left_out(node: cst.Call) -> Iterable[cst.CSTNode]:
    """A named one is gone, so that its default counts; for one without a name stands None."""
    for place, one in enumerate(node.args):
        if one.keyword is not None:
            yield node.with_changes(args=[*node.args[:place], *node.args[place + 1 :]])
        elif not one.star and not m.matches(one.value, m.Name("None")):
            new = one.with_changes(value=cst.Name("None"))
            yield node.with_changes(args=[*node.args[:place], new, *node.args[place + 1 :]])


OPERATORS: Final[list[tuple[Any, Operator]]] = [
    *(pair for pair in mutation_operators if pair[1] is not operator_arg_removal),
    (cst.Call, argument_left_out),
    (cst.SimpleStatementLine, statement_left_out),
    (cst.FunctionDef, decorator_left_out),
    (cst.Call, link_left_out),
    (cst.If, condition_turned),
    (cst.While, condition_turned),
    (cst.IfExp, condition_turned),
]

# --- what is left as it is ---------------------------------------------------------------------------------------

#: Calls whose arguments only people read, or that shape tables, which `makemigrations --check` and the types guard.
NOT_BEHAVIOUR: Final = re.compile(r"(logger|logging|models)\.|(dataclass|field|cast)$")
PROSE: Final = re.compile(r"\w.*\s.*\w")


def is_left_alone(node: cst.CSTNode) -> bool:
    """Whether neither ``node`` nor anything in it is mutated."""
    if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Global):
        return True
    if isinstance(node, cst.ClassDef) and node.name.value == "Meta":
        return True
    if isinstance(node, cst.If) and m.matches(node.test, m.Name("TYPE_CHECKING")):
        return True
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        return _is_declaration(node.body[0])
    return isinstance(node, cst.Call) and bool(NOT_BEHAVIOUR.match(written(node.func)))


def _is_declaration(statement: cst.CSTNode) -> bool:
    if m.matches(statement, m.Expr(value=m.SimpleString() | m.ConcatenatedString())):
        return True  # a docstring
    target = m.Assign(targets=[m.AssignTarget(target=m.Name("__all__") | m.Name("logger"))])
    if m.matches(statement, target):
        return True
    value = getattr(statement, "value", None)
    return isinstance(value, cst.Call) and bool(NOT_BEHAVIOUR.match(written(value.func)))


def written(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


# --- making -------------------------------------------------------------------------------------------------------


class Maker(cst.CSTVisitor):
    """Walks through a module and collects (node, its replacement, the statement around it, the place)."""

    def __init__(self) -> None:
        self.found: list[tuple[cst.CSTNode, cst.CSTNode, cst.CSTNode, str]] = []
        self._path: list[cst.CSTNode] = []
        self._places: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if is_left_alone(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._places.append(node.name.value)
        self._path.append(node)
        if not (isinstance(node, cst.SimpleString) and PROSE.search(node.value)):
            self._mutate(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self._path and self._path[-1] is original_node:
            self._path.pop()
            if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
                self._places.pop()

    def _mutate(self, node: cst.CSTNode) -> None:
        for kind, operator in OPERATORS:
            if not isinstance(node, kind):
                continue
            new = list(operator(node))
            if isinstance(node, cst.SimpleString):
                new = new[:1]  # "XX" around it says all that another case would
            place = ".".join(self._places) or "module"
            self.found += [(node, mutated, self._statement(), place) for mutated in new]

    def _statement(self) -> cst.CSTNode:
        """The innermost statement, or of one with a body what stands before the colon."""
        last = self._path[-1]
        for node in reversed(self._path):
            if isinstance(node, cst.SimpleStatementLine):
                return node
            if isinstance(node, cst.If | cst.While):
                return node.test
            if isinstance(node, cst.BaseCompoundStatement):
                break
        return last


LONGEST_SHOWN: Final = 110
CONTEXT: Final = 40  # characters beside the change that are shown of a longer one


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Every mutant of ``source`` that compiles and is another program."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    spans = wrapper.resolve(ByteSpanPositionProvider)
    positions = wrapper.resolve(PositionProvider)
    maker = Maker()
    wrapper.module.visit(maker)
    plain, seen = source.encode(), {source}
    for node, mutated, statement, place in maker.found:
        span = spans.get(node)
        if span is None or span.length == 0:
            continue
        before, old = plain[: span.start], plain[span.start : span.start + span.length]
        new = _as_long(written(mutated).strip().encode(), old)
        text = (before + new + plain[span.start + span.length :]).decode()
        if text in seen or not _compiles(text):
            continue
        seen.add(text)
        where = positions[statement]
        was, now = _difference(source, text)
        yield Mutant(module, text, range(where.start.line, where.end.line + 1), place, was, now)


def _as_long(new: bytes, old: bytes) -> bytes:
    """Keep the number of lines, so that everything after it stands where it stood."""
    return new + b"\n" * max(0, old.count(b"\n") - new.count(b"\n")) if b"\n" in old else new


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(old: str, new: str) -> tuple[str, str]:
    """The changed lines of both, each as one line, and no more of long ones than tells them from others."""
    one, other = old.splitlines(), new.splitlines()
    start = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    end = next(
        (n for n, pair in enumerate(zip(one[::-1], other[::-1], strict=False)) if pair[0] != pair[1]), 0
    )
    was, now = (" ".join(" ".join(lines[start : len(lines) - end]).split()) for lines in (one, other))
    if max(len(was), len(now)) <= LONGEST_SHOWN:
        return was, now
    before = _alike(was, now)
    after = _alike(was[before:][::-1], now[before:][::-1])
    first = max(0, before - CONTEXT)
    return tuple(  # type: ignore[return-value]
        ("…" if first else "") + text[first : len(text) - after + CONTEXT] + ("…" if after > CONTEXT else "")
        for text in (was, now)
    )


def _alike(one: str, other: str) -> int:
    """How many letters at the beginning are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
