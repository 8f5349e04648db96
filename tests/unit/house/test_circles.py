"""No circle of imports, between modules or between the rooms at the top; and nobody leans on the laboratory."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from tests.house import ALL, OURS, Source, none_of

# --- circles ---

STILL_CIRCLES: frozenset[frozenset[str]] = frozenset()
"""Circles of modules and of rooms that are there today. They go; none is added."""

REMEDY = "one of them must not know the other: hand in what it needs, or move what both need to a third"

Arrows = Mapping[str, frozenset[str]]


def imported(source: Source, modules: frozenset[str]) -> Iterator[str]:
    """The project's modules that a file imports, wherever it does, under TYPE_CHECKING and inside functions too."""
    package = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        package.pop()
    for node in source.each(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            within = [f"{origin}.{alias.name}" for alias in node.names]
            names = [name if name in modules else origin for name in within]
        yield from (name for name in names if name in modules and name != source.module)


def arrows(sources: Iterable[Source]) -> Arrows:
    """Which module imports which."""
    files = list(sources)
    modules = frozenset(source.module for source in files)
    return {source.module: frozenset(imported(source, modules)) for source in files}


def room(module: str) -> str:
    """The room at the top in which a module lies: ``monitor.core``, ``laboratory``."""
    names = module.split(".")
    return ".".join(names[:2]) if names[0] == "monitor" else names[0]


def between_rooms(modules: Arrows) -> Arrows:
    """Which room imports which."""
    rooms: dict[str, frozenset[str]] = {}
    for module, targets in modules.items():
        others = frozenset(room(target) for target in targets) - {room(module)}
        rooms[room(module)] = rooms.get(room(module), frozenset()) | others
    return rooms


def reachable(start: str, graph: Arrows) -> frozenset[str]:
    """Everything that one comes to from a start by at least one arrow."""
    reached: set[str] = set()
    ahead = set(graph.get(start, ()))
    while ahead:
        step = ahead.pop()
        reached.add(step)
        ahead |= graph.get(step, frozenset()) - reached
    return frozenset(reached)


def circles(graph: Arrows) -> frozenset[frozenset[str]]:
    """The sets of those that all come back to one another."""
    onward = {name: reachable(name, graph) for name in graph}
    return frozenset(
        frozenset(other for other in onward[name] if name in onward[other])
        for name in graph
        if name in onward[name]
    )


def test_no_circle_of_imports_is_added_and_those_that_went_are_taken_off_the_list() -> None:
    modules = arrows(OURS)
    today = circles(modules) | circles(between_rooms(modules))
    none_of([f"{' ↔ '.join(sorted(circle))}: {REMEDY}" for circle in today - STILL_CIRCLES])
    none_of([f"{' ↔ '.join(sorted(circle))}: gone: take out its entry" for circle in STILL_CIRCLES - today])


def test_a_circle_is_seen_under_type_checking_and_inside_a_function() -> None:
    a = Source("monitor.a", "monitor/a.py", "if TYPE_CHECKING:\n    from monitor.b import B\n")
    b = Source("monitor.b", "monitor/b.py", "def late():\n    from . import c\n")
    c = Source("monitor.c", "monitor/c.py", "import monitor.a\n")
    assert circles(arrows([a, b, c])) == {frozenset({"monitor.a", "monitor.b", "monitor.c"})}
    assert circles(arrows([a, b])) == frozenset()


def test_a_circle_of_rooms_is_seen_though_no_module_is_in_one() -> None:
    graph = {
        "monitor.core.a": frozenset({"monitor.web.b"}),
        "monitor.web.b": frozenset[str](),
        "monitor.web.c": frozenset({"monitor.core.d"}),
        "monitor.core.d": frozenset[str](),
    }
    assert circles(graph) == frozenset()
    assert circles(between_rooms(graph)) == {frozenset({"monitor.core", "monitor.web"})}


# --- the laboratory judges from outside ---

OUTSIDE = ("laboratory", "benchmarks", "tests")


def leaning(source: Source) -> Iterator[str]:
    """Imports of what is outside the product by a module of it, but inside the function that starts it."""
    late = {
        inner
        for function in source.each(ast.FunctionDef, ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for inner in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    for node in source.each(ast.Import, ast.ImportFrom):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] in OUTSIDE and node.lineno not in late:
                yield f"{source.path}:{node.lineno}: {name}: import it in the function of the command that starts it"


def test_nothing_in_the_product_imports_what_judges_it() -> None:
    none_of(line for source in ALL if source.path.startswith("monitor/") for line in leaning(source))


def test_an_import_of_the_laboratory_is_found_unless_a_command_asks_for_it() -> None:
    text = "from laboratory.demo import demo\n\ndef run():\n    from laboratory.score import score\n"
    assert [line.split(":")[1] for line in leaning(Source("monitor.cli.x", "monitor/cli/x.py", text))] == [
        "1"
    ]
