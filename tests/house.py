"""The sources of the project as its tests of the house see them: every Python file, and what it imports."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parents[1]
Node = TypeVar("Node", bound=ast.AST)
SHIPPED = ("monitor", "laboratory", "simulators", "benchmarks")


class Source(NamedTuple):
    """One Python file: its dotted module name, its path below the root, and its text."""

    module: str
    path: str
    text: str

    @property
    def part(self) -> str:
        """What the import rule speaks of: ``core``, ``web``, ``simulators``; ``monitor`` for its ``__init__``."""
        names = self.module.split(".")
        return names[1] if names[0] == "monitor" and len(names) > 1 else names[0]

    @property
    def tree(self) -> ast.Module:
        """The text parsed, once for all checks: they look at it and change nothing."""
        return _parsed(self.text)

    def each(self, *kinds: type[Node]) -> Iterator[Node]:
        """Every node of some kinds, anywhere in the file, kind by kind. The tree is walked once for all checks."""
        by_kind = _by_kind(self.text)
        return (node for kind in kinds for node in by_kind.get(kind, ()))  # type: ignore[misc]


@functools.cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@functools.cache
def _by_kind(text: str) -> Mapping[type[ast.AST], list[ast.AST]]:
    nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    for node in ast.walk(_parsed(text)):
        nodes[type(node)].append(node)
    return nodes


class Import(NamedTuple):
    """One imported module and the line that imports it."""

    line: int
    module: str


def sources(*folders: str) -> list[Source]:
    """Every Python file below some folders of the project, in the order of their paths."""
    found = []
    for path in sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        relative = path.relative_to(ROOT)
        names = [name for name in relative.with_suffix("").parts if name != "__init__"]
        found.append(Source(".".join(names), relative.as_posix(), path.read_text(encoding="utf-8")))
    return found


def imports(source: Source) -> Iterator[Import]:
    """Every module that a file imports, anywhere in it; ``from monitor import web`` counts as ``monitor.web``."""
    package = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        package.pop()
    for node in source.each(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        else:
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names] if module in SHIPPED else [module]
            yield from (Import(node.lineno, name) for name in names)


def ratchet(
    figures: Mapping[str, int], allowed: Mapping[str, int], *, limit: int, what: str, remedy: str
) -> list[str]:
    """What is over the limit and over its entry of ``allowed``, with the remedy; and entries that are no longer needed
    or more than a tenth too generous: an entry only ever shrinks."""
    over = [
        f"{name}: {figure} {what}, limit {allowed.get(name, limit)}: {remedy}"
        for name, figure in sorted(figures.items())
        if figure > allowed.get(name, limit)
    ]
    idle = [
        f"{name}: {figure} {what} now: {'lower' if figure > limit else 'take out'} its entry"
        for name, entry in sorted(allowed.items())
        if (figure := figures.get(name, 0)) <= max(limit, entry * 9 // 10)
    ]
    return over + idle


def none_of(findings: Iterable[str]) -> None:
    """Fails with all findings, one a line, unless there are none."""
    lines = list(findings)
    assert not lines, "\n" + "\n".join(lines)


ALL = sources(*SHIPPED, "tests")
OURS = [source for source in ALL if source.path.startswith(SHIPPED)]
