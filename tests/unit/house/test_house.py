"""The rules of the house, read off the sources: who imports whom, what is not called, how long things get.

CONTRIBUTING.md says why. A failure names file, line and what to do instead. Each check is also tried on a snippet
that breaks its rule, so that none of them can pass by finding nothing.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.house import ALL, OURS, ROOT, SHIPPED, Source, imports, none_of, ratchet

# --- who imports whom ---

ADAPTERS = frozenset({"ingest", "store", "influx", "telling", "report", "web"})
OF_ADAPTERS = frozenset({"core", "ports", "wire", "config", "words", "monitor"})
EVERYTHING = None

MAY_IMPORT: Mapping[str, frozenset[str] | None] = {
    "monitor": frozenset(),
    "core": frozenset(),
    "words": frozenset({"core"}),
    "ports": frozenset({"core"}),
    "wire": frozenset({"core"}),
    "config": frozenset({"core"}),
    "writer": frozenset({"core", "ports", "words"}),
    "asking": frozenset({"core", "ports", "words", "writer"}),
    **dict.fromkeys(ADAPTERS, OF_ADAPTERS),
    "program": EVERYTHING,  # the composition root
    # A report, the bench and the laboratory run apart from the service; the commands that start them name them.
    "cli": frozenset(
        [
            *("program", "config", "core", "ports", "words", "monitor"),
            *("report", "benchmarks", "laboratory", "simulators"),
        ]
    ),
    # For tests only: joins the real writer to a real store, as the program does.
    "testing": frozenset({"core", "ports", "wire", "words", "config", "writer", "asking", "store"}),
    "__main__": frozenset({"cli"}),
    "laboratory": EVERYTHING,  # watches and judges the product from outside
    "simulators": frozenset({"wire"}),
    "benchmarks": EVERYTHING,
}
"""The parts that a part may import, beside itself. ``monitor`` stands for its ``__init__``: the version."""

MAY_USE: Mapping[str, frozenset[str]] = {
    "core": frozenset(),
    "ports": frozenset(),
    "wire": frozenset({"msgspec"}),
    "config": frozenset({"msgspec", "pydantic", "pydantic_core"}),
    "words": frozenset(),
    "writer": frozenset({"structlog"}),
}
"""Third-party packages of the parts that may not use any."""

PURE = frozenset(
    [
        *("__future__", "abc", "array", "base64", "binascii", "bisect", "collections", "copy", "dataclasses"),
        *(
            "datetime",
            "decimal",
            "enum",
            "fractions",
            "functools",
            "hashlib",
            "heapq",
            "hmac",
            "itertools",
            "math",
        ),
        *("operator", "re", "statistics", "string", "struct", "types", "typing", "zoneinfo"),
    ]
)
"""What core may use of the standard library: nothing that reads a clock, a file or a socket, logs, or draws lots."""


def part_of(module: str) -> str | None:
    """The part of the project that a module belongs to; None for anything else."""
    names = module.split(".")
    if names[0] != "monitor":
        return names[0] if names[0] in SHIPPED else None
    known = len(names) > 1 and (names[1] in MAY_IMPORT or (ROOT / "monitor" / names[1]).is_dir())
    return names[1] if known else "monitor"


def wrong_import(part: str, module: str) -> str | None:
    """Why a part may not import a module; None if it may."""
    target = part_of(module)
    top = module.split(".")[0]
    if target is not None:
        allowed = MAY_IMPORT[part]
        if allowed is EVERYTHING or target == part or target in allowed:
            return None
        may = ", ".join(sorted(allowed)) or "nothing of the project"
        return f"{part} may import {may}; put what it needs of {target} behind a port; monitor.program joins them"
    if top in sys.stdlib_module_names:
        if part == "core" and top not in PURE:
            return f"core is pure: no {top} (no I/O, clock, logging or randomness); hand the value in"
        return None
    if part in MAY_USE and top not in MAY_USE[part]:
        return f"{part} does without {top}; third-party packages belong in an adapter"
    return None


def wrong_imports(source: Source) -> Iterator[str]:
    if source.part not in MAY_IMPORT:
        yield f"{source.path}: say in MAY_IMPORT what {source.part} may import"
        return
    for found in imports(source):
        if why := wrong_import(source.part, found.module):
            yield f"{source.path}:{found.line}: imports {found.module}: {why}"


STILL_IMPORTED: frozenset[tuple[str, str]] = frozenset()
"""Imports against the layout that are there today. They go; none is added."""


def test_everything_imports_only_what_the_layout_allows() -> None:
    none_of(
        line
        for source in OURS
        for line in wrong_imports(source)
        if not any(line.startswith(path) and f"imports {module}:" in line for path, module in STILL_IMPORTED)
    )


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("monitor.core.lot.event", "import os"),
        ("monitor.core.lot.event", "from monitor.ports import Clock"),
        ("monitor.core.lot.event", "import msgspec"),
        ("monitor.core.lot.event", "def late():\n    import random"),
        ("monitor.web.api.api", "from monitor.store.store import SqlStore"),
        ("monitor.web.api.api", "from monitor import writer"),
        ("monitor.web.api.api", "from ...store import store"),
        ("monitor.influx.sink", "import monitor.writer.loop"),
        ("monitor.writer.loop", "from monitor.config import load"),
        ("monitor.writer.loop", "from monitor.asking.view import View"),
        ("monitor.words.alarm", "def late():\n    import monitor.wire.v1"),
        ("monitor.words.alarm", "from monitor.ports import JSON"),
        ("monitor.writer.loop", "import sqlalchemy"),
        ("monitor.cli.run", "from monitor.store.engine import Engine"),
        ("monitor.core.lot.event", "import monitor"),
        ("monitor.core.lot.event", "from monitor import __version__"),
        ("simulators.fleet", "from monitor.core.lot.event import LotEvent"),
        ("simulators.fleet", "import monitor"),
        ("monitor.novelty", "import math"),
    ],
)
def test_an_import_against_the_layout_is_found(module: str, text: str) -> None:
    source = Source(module, f"{module.replace('.', '/')}.py", text)
    assert len(list(wrong_imports(source))) == 1


# --- what is not called ---

INSTEAD = {
    "datetime.datetime.now": "take a Clock and ask it: clock.now()",
    "datetime.datetime.utcnow": "take a Clock and ask it: clock.now()",
    "datetime.datetime.today": "take a Clock and ask it: clock.now()",
    "datetime.date.today": "take a Clock, and the site's time zone for the day",
    "time.time": "take a Clock and ask it: clock.now(); for durations use time.monotonic",
    "time.time_ns": "take a Clock and ask it: clock.now(); for durations use time.monotonic",
    "time.sleep": "wait on a threading.Event, so that closing down need not wait",
    "print": "commands write to a rich Console that they are given; everything else logs with structlog",
}
CLOCKS = frozenset({"monitor/program/clock.py", "benchmarks/clock.py"})
"""The files that may ask the machine for the time."""


def qualified_names(source: Source) -> dict[str, str]:
    """What each imported name of a file stands for: ``{"dt": "datetime", "sleep": "time.sleep"}``."""
    known: dict[str, str] = {}
    for node in source.each(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
        elif node.module and not node.level:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def dotted(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """``dt.datetime.now`` as the full name of what it is; None for what isn't a plain dotted name."""
    match node:
        case ast.Name(id=name):
            return known.get(name, name)
        case ast.Attribute(value=value, attr=attribute):
            inner = dotted(value, known)
            return None if inner is None else f"{inner}.{attribute}"
    return None


def banned(source: Source) -> Iterator[str]:
    """Uses of what is banned, called or handed on (``default_factory=time.time`` asks the machine as well)."""
    known = qualified_names(source)
    for handler in source.each(ast.ExceptHandler):
        if handler.type is None:
            yield f"{source.path}:{handler.lineno}: bare except: name the exceptions, or `except Exception` and say why"
    for node in source.each(ast.Name, ast.Attribute):
        name = dotted(node, known)
        if name is None or name not in INSTEAD:
            continue
        if name == "print" and source.part == "benchmarks":
            continue  # child processes of the bench report on standard output
        if source.path in CLOCKS and name.startswith("time.time"):
            continue
        yield f"{source.path}:{node.lineno}: {name}: {INSTEAD[name]}"


def test_nothing_banned_is_called() -> None:
    none_of(line for source in OURS for line in banned(source))


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nat = datetime.now()",
        "from datetime import UTC, datetime as moment\nat = moment.now(tz=UTC)",
        "import datetime as dt\nat = dt.datetime.utcnow()",
        "from datetime import date\nday = date.today()",
        "import time\nmake = dict(default_factory=time.time)",
        "from time import time_ns as ns\nat = ns()",
        "from time import sleep\nsleep(1)",
        "print('there')",
        "try:\n    work()\nexcept:\n    pass",
    ],
)
def test_a_banned_call_is_found_under_any_name(text: str) -> None:
    assert len(list(banned(Source("monitor.web.api.api", "monitor/web/api/api.py", text)))) == 1


def test_only_a_clock_may_ask_the_machine_for_the_time() -> None:
    text = "import time\nat = time.time_ns()"
    assert list(banned(Source("monitor.program.clock", "monitor/program/clock.py", text))) == []
    assert len(list(banned(Source("monitor.clockwork", "monitor/clockwork.py", text)))) == 1


# --- how long things get ---

FILE_LINES = 400
FUNCTION_LINES = 60

LONG_FILES: Mapping[str, int] = {
    "monitor/words/condition.py": 610,  # one row for each condition, one after the other
    "tests/integration/influx/test_influx.py": 601,
    "tests/unit/cli/test_program.py": 551,
    "tests/unit/web/api/test_api.py": 609,
}
LONG_FUNCTIONS: Mapping[str, int] = {
    "monitor/store/migrations/versions/v0001_first_tables.py:upgrade": 209,  # the tables, one after the other
}
"""What is longer today, with its length. A ratchet: entries shrink and go; new ones need a better reason than haste."""


def file_lengths(source: Source) -> dict[str, int]:
    return {source.path: source.text.count("\n")}


def function_lengths(source: Source) -> dict[str, int]:
    """Lines from ``def`` to the end, by ``path:outer.name``."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, names: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*names, child.name)
                if not isinstance(child, ast.ClassDef):
                    found[f"{source.path}:{'.'.join(inner)}"] = (child.end_lineno or 0) - child.lineno + 1
            if not isinstance(child, ast.expr):  # no def lies within an expression
                visit(child, inner)

    visit(source.tree, ())
    return found


def too_long(lengths: Mapping[str, int], limit: int, allowed: Mapping[str, int]) -> list[str]:
    return ratchet(lengths, allowed, limit=limit, what="lines", remedy="split it by what it is about")


def test_no_file_is_longer_than_its_limit() -> None:
    lengths = {name: length for source in ALL for name, length in file_lengths(source).items()}
    none_of(too_long(lengths, FILE_LINES, LONG_FILES))


def test_no_function_is_longer_than_its_limit() -> None:
    lengths = {name: length for source in ALL for name, length in function_lengths(source).items()}
    none_of(too_long(lengths, FUNCTION_LINES, LONG_FUNCTIONS))


def test_the_ratchet_only_turns_one_way() -> None:
    assert too_long({"a": 60}, 60, {}) == []
    assert too_long({"a": 61}, 60, {}) == ["a: 61 lines, limit 60: split it by what it is about"]
    assert too_long({"a": 99}, 60, {"a": 100}) == []
    assert too_long({"a": 101}, 60, {"a": 100}) == ["a: 101 lines, limit 100: split it by what it is about"]
    assert too_long({"a": 70}, 60, {"a": 100}) == ["a: 70 lines now: lower its entry"]
    assert too_long({"a": 60}, 60, {"a": 100}) == ["a: 60 lines now: take out its entry"]
    assert too_long({}, 60, {"a": 100}) == ["a: 0 lines now: take out its entry"]


def test_a_method_is_measured_from_its_def_to_its_end() -> None:
    text = "class A:\n    def b(self):\n        def c():\n            pass\n        return c\n"
    assert function_lengths(Source("a", "a.py", text)) == {"a.py:A.b": 4, "a.py:A.b.c": 2}


# --- docstrings where the contracts are ---


def undocumented(source: Source) -> Iterator[str]:
    """Public functions, classes and methods without a docstring."""

    def visit(node: ast.Module | ast.ClassDef) -> Iterator[str]:
        for child in node.body:
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if child.name.startswith("_"):
                continue
            if ast.get_docstring(child) is None:
                yield f"{source.path}:{child.lineno}: {child.name} has no docstring: shapes, units, what it raises"
            if isinstance(child, ast.ClassDef):
                yield from visit(child)

    yield from visit(source.tree)


def test_every_public_name_of_core_and_ports_has_a_docstring() -> None:
    contracts = [source for source in OURS if source.part in ("core", "ports")]
    assert len(contracts) > 10
    none_of(line for source in contracts for line in undocumented(source))


def test_a_missing_docstring_is_found() -> None:
    text = 'class Lot:\n    """A lot."""\n    def moved(self): ...\n    def _own(self): ...\n'
    assert [line.split(":")[1] for line in undocumented(Source("a", "a.py", text))] == ["3"]
