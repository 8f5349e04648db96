"""A port that several things implement, fakes among them, has a suite in tests/contract that holds them all to it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.house import ALL, Source, none_of, ratchet

UNMISTAKABLE = 3
"""From so many methods on, a class that has all of a port's implements it, whatever it is called."""

NOT_HELD: Mapping[str, int] = {}
"""Implementations of a port with several that its suite doesn't name, today."""


class Class(NamedTuple):
    """A class of the project: its file, its name, what it derives from, and the names that it has."""

    path: str
    name: str
    bases: frozenset[str]
    members: frozenset[str]


def known_classes(sources: Iterable[Source]) -> list[Class]:
    """Every class of some files, also within functions and other classes."""
    return [
        Class(
            source.path,
            node.name,
            frozenset(ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases),
            members(node),
        )
        for source in sources
        for node in source.each(ast.ClassDef)
    ]


def members(node: ast.ClassDef) -> frozenset[str]:
    """The public methods and attributes that a class gives itself."""
    names = {child.name for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)}
    for child in ast.walk(node):
        match child:
            case (
                ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store())
                | ast.AnnAssign(target=ast.Name(id=name))
            ):
                names.add(name)
    return frozenset(name for name in names if not name.startswith("_"))


def implementations(classes: Iterable[Class]) -> dict[str, frozenset[str]]:
    """What implements each port: whoever derives from it, is called after it (``FakeClock``) and has some of what it
    asks for, or has all of it where that is much; with what each inherits."""
    by_name: dict[str, list[Class]] = defaultdict(list)
    for each in classes:
        by_name[each.name].append(each)
    every = [each for group in by_name.values() for each in group]
    ports = [each for each in every if each.path.startswith("monitor/ports/") and "Protocol" in each.bases]

    def all_members(each: Class, seen: frozenset[str]) -> frozenset[str]:
        above = [base for name in each.bases - seen for base in by_name[name]]
        inherited = (all_members(base, seen | each.bases) for base in above)
        return each.members.union(*inherited)

    def implements(each: Class, port: Class) -> bool:
        if "Protocol" in each.bases:
            return False
        own = all_members(each, frozenset())
        called_after = each.name.endswith(port.name) and bool(own & port.members)
        unmistakable = len(port.members) >= UNMISTAKABLE and port.members <= own
        return port.name in each.bases or called_after or unmistakable

    return {port.name: frozenset(each.name for each in every if implements(each, port)) for port in ports}


def suite_of(port: str) -> str:
    """Where a port's suite lies: ``tests/contract/test_projection_source.py``."""
    return f"tests/contract/test_{re.sub(r'(?<!^)(?=[A-Z])', '_', port).lower()}.py"


def not_held(sources: Iterable[Source]) -> dict[str, frozenset[str]]:
    """The implementations of each port with several of them that its suite doesn't name."""
    files = list(sources)
    suites = {source.path: source.text for source in files}
    return {
        port: frozenset(
            name for name in names if not re.search(rf"\b{name}\b", suites.get(suite_of(port), ""))
        )
        for port, names in implementations(known_classes(files)).items()
        if len(names) > 1
    }


def test_all_that_implement_a_port_are_held_to_one_suite() -> None:
    left_out = not_held(ALL)
    assert len(left_out) > 3
    figures = {port: len(names) for port, names in left_out.items()}
    what = "implementations outside its suite"
    remedy = "name each in the port's suite in tests/contract, which runs the same cases through all of them"
    findings = ratchet(figures, NOT_HELD, limit=0, what=what, remedy=remedy)
    over = [port for port, count in figures.items() if count > NOT_HELD.get(port, 0)]
    none_of([*findings, *(f"{suite_of(port)}: {', '.join(sorted(left_out[port]))}" for port in over)])


def test_an_implementation_outside_the_suite_is_found_by_its_name_its_base_or_its_methods() -> None:
    port = (
        "class Book(Protocol):\n    def a(self): ...\n    def b(self): ...\n    def c(self): ...\n"
        "class Clock(Protocol):\n    def now(self): ...\n"
    )
    shelf = (
        "class Half:\n    def a(self): ...\nclass Shelf(Half):\n    def b(self): ...\n    def c(self): ...\n"
    )
    fakes = "class Odd(Book): ...\nclass Watch:\n    def now(self): ...\nclass SetClock: ...\n"
    fakes += "class FakeBook:\n    def b(self): ...\nclass CookBook: ...\n"
    suite = "from x import FakeBook, Shelf\n"
    sources = [
        Source("monitor.ports.book", "monitor/ports/book.py", port),
        Source("monitor.store.shelf", "monitor/store/shelf.py", shelf),
        Source("tests.fakes", "tests/fakes.py", fakes),
    ]
    assert not_held(sources) == {"Book": {"FakeBook", "Odd", "Shelf"}}
    in_suite = Source("tests.contract.test_book", "tests/contract/test_book.py", suite)
    assert not_held([*sources, in_suite]) == {"Book": {"Odd"}}


def test_a_suite_is_called_after_its_port() -> None:
    assert suite_of("ProjectionSource") == "tests/contract/test_projection_source.py"
