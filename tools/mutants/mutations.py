"""What a mutant is: one small change of a source file, made in its text, so that every other character stays."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

OPERATORS = {  # limits move by one, other comparisons are inverted
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "in": "not in",
    "not in": "in",
    "is": "is not",
    "is not": "is",
    "and": "or",
    "or": "and",
}
_OPERATOR = re.compile(rb"not\s+in\b|is\s+not\b|\b(?:in|is|and|or)\b|[<>=!]=|[<>]")
_DROPPED = (
    ast.Expr,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Raise,
    ast.Return,
    ast.Delete,
    ast.Assert,
    ast.Break,
    ast.Continue,
)
_PLAIN = (ast.Compare, ast.BoolOp)  # conditions that have mutants of their own


@dataclass(frozen=True)
class Mutant:
    """A change of `path`. `lines`: those of the statement; `scope`: of the function or class it is in."""

    path: Path
    module: str
    scope: str
    kind: str
    line: int
    old: str
    new: str
    lines: range
    in_function: bool
    code: bytes

    @property
    def key(self) -> tuple[str, str, str, str]:
        """A key that does not change when other lines of the file do."""
        return self.module, self.scope, self.old.partition("\n")[0], self.new.partition("\n")[0]


def find(path: Path, module: str) -> list[Mutant]:
    """Every mutant of the source file at `path`, in the order of its lines."""
    found = _Finder(path, module)
    found.visit(found.tree)
    return sorted(found.mutants, key=lambda it: it.line)


def choose(mutants: Iterable[Mutant], count: int | None, seed: int) -> list[Mutant]:
    """`count` of `mutants`, by a hash of each: a change of the sources changes few of those that are chosen."""

    def rank(mutant: Mutant) -> bytes:
        return hashlib.sha256("\n".join([str(seed), *mutant.key]).encode()).digest()

    chosen = sorted(mutants, key=rank)[:count]
    return sorted(chosen, key=lambda it: (it.path, it.line))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: Path, module: str) -> None:
        self.mutants: list[Mutant] = []
        self._path, self._module = path, module
        self._source = path.read_bytes()
        self._starts = [0]
        for line in self._source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.tree = ast.parse(self._source)
        self._scope: list[str] = []
        self._functions = 0
        self._statement: ast.stmt | None = None

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self._statement = node
            if isinstance(node, _DROPPED) and not _says_nothing(node):
                self._add("dropped", *self._span(node), b"pass")
        super().visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for default in (*node.args.defaults, *node.args.kw_defaults, *node.decorator_list):
            if default:
                self.visit(default)
        self._inside(node, 1)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._inside(node, 0)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, function: int) -> None:
        self._scope.append(node.name)
        self._functions += function
        for child in node.body:
            self.visit(child)
        self._functions -= function
        self._scope.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Constant) or ast.unparse(node.test) == "__debug__":
            return  # for type hints, or for CPython, only
        self._condition(node)

    def _condition(self, node: ast.If | ast.While | ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    visit_While = visit_IfExp = _condition

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._negate(test)
        self.generic_visit(node)

    def _negate(self, test: ast.expr) -> None:
        if not isinstance(test, (*_PLAIN, ast.UnaryOp, ast.Constant)):
            start, end = self._span(test)
            self._add("condition", start, end, b"not (" + self._source[start:end] + b")")

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            start, _ = self._span(node)
            self._add("condition", start, start + 4, b"")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._operators("comparison", [node.left, *node.comparators])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._operators("condition", node.values)
        self.generic_visit(node)

    def _operators(self, kind: str, operands: list[ast.expr]) -> None:
        for left, right in pairwise(operands):
            begin, end = self._span(left)[1], self._span(right)[0]
            match = _OPERATOR.search(self._source, begin, end)
            assert match
            new = OPERATORS[" ".join(match.group().decode().split())]
            self._add(kind, *match.span(), new.encode())

    def visit_Constant(self, node: ast.Constant) -> None:
        start, end = self._span(node)
        if isinstance(node.value, bool):
            self._add("condition", start, end, str(not node.value).encode())
        elif isinstance(node.value, int) and self._source[start : start + 2] == b"0x":
            self._add("number", start, end, hex(node.value + 1).encode())
        elif isinstance(node.value, int | float):
            self._add("number", start, end, repr(node.value + 1).encode())

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Older Pythons do not know where the parts of an f-string are."""

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset

    def _add(self, kind: str, start: int, end: int, new: bytes) -> None:
        """The mutant that has `new` from `start` to `end`."""
        assert self._statement
        line = self._source.count(b"\n", 0, start) + 1
        first = self._starts[line - 1]
        last = self._source.find(b"\n", end) % (len(self._source) + 1)  # the end where there is none
        self.mutants.append(
            Mutant(
                path=self._path,
                module=self._module,
                scope=".".join(self._scope),
                kind=kind,
                line=line,
                old=self._source[first:last].decode().strip(),
                new=(self._source[first:start] + new + self._source[end:last]).decode().strip(),
                lines=range(self._statement.lineno, self._source.count(b"\n", 0, end) + 2),
                in_function=self._functions > 0,
                code=self._source[:start] + new + self._source[end:],
            )
        )


def _says_nothing(node: ast.stmt) -> bool:
    """A docstring, or a name with a type and no value."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.AnnAssign) and not node.value


def modules(library: Path) -> Iterator[tuple[Path, str]]:
    """(path, name) of each module of the package at `library`, as "enroll.providers.xyte"."""
    for path in sorted(library.rglob("*.py")):
        parts = path.relative_to(library.parent).with_suffix("").parts
        yield path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
