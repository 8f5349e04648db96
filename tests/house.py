"""The sources of the project as its tests of the house see them: every Python file, and what it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
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
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names] if module in SHIPPED else [module]
            yield from (Import(node.lineno, name) for name in names)


def none_of(findings: Iterable[str]) -> None:
    """Fails with all findings, one a line, unless there are none."""
    lines = list(findings)
    assert not lines, "\n" + "\n".join(lines)


ALL = sources(*SHIPPED, "tests")
OURS = [source for source in ALL if source.path.startswith(SHIPPED)]
