"""The shape of the house: how full a folder is, what a class is called, how much it holds, who reaches into whom."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from tests.house import ALL, OURS, ROOT, Source, none_of, ratchet

PRODUCT = [source for source in OURS if source.path.startswith("monitor/")]


def classes(source: Source) -> Iterator[ast.ClassDef]:
    """Every class of a file, also those within others."""
    return source.each(ast.ClassDef)


def bases(node: ast.ClassDef) -> frozenset[str]:
    """The last names of what a class derives from: ``Protocol`` for ``typing.Protocol[T]``."""
    return frozenset(ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases)


# --- folders ---

MODULES = 12

FULL_FOLDERS: Mapping[str, int] = {}
"""Folders that hold more modules today."""

BESIDE_THE_TREE = frozenset({"tests/unit/house"})
"""Folders of unit tests that mirror none: the house's own."""


def modules_by_folder(paths: Iterable[str]) -> dict[str, int]:
    """How many modules each folder has, ``__init__`` apart, which only says what the folder is."""
    files = (PurePosixPath(path) for path in paths)
    return dict(Counter(file.parent.as_posix() for file in files if file.name != "__init__.py"))


def test_no_folder_has_more_modules_than_a_reader_can_look_over() -> None:
    figures = modules_by_folder(source.path for source in ALL)
    none_of(
        ratchet(figures, FULL_FOLDERS, limit=MODULES, what="modules", remedy="part it by the domain's nouns")
    )


def test_a_folder_that_is_too_full_is_found() -> None:
    figures = modules_by_folder([*(f"a/b/m{number}.py" for number in range(13)), "a/b/__init__.py", "a/c.py"])
    assert figures == {"a/b": 13, "a": 1}
    assert len(ratchet(figures, {}, limit=MODULES, what="modules", remedy="part it")) == 1


def not_mirrored(paths: Iterable[str], folders: frozenset[str]) -> Iterator[str]:
    """Unit tests that lie in no folder of the tree: ``tests/unit/core/lot`` is of ``monitor/core/lot``,
    ``tests/unit/laboratory`` of ``laboratory``."""
    for path in paths:
        folder = PurePosixPath(path).parent
        if not path.startswith("tests/unit/") or folder.as_posix() in BESIDE_THE_TREE:
            continue
        mirrored = folder.relative_to("tests/unit").as_posix()
        if not {mirrored, f"monitor/{mirrored}"} & folders:
            yield f"{path}: lay it into the folder under tests/unit that is called like the folder of what it tests"
        elif not PurePosixPath(path).name.startswith("test_"):
            yield f"{path}: what tests share lies in tests/rigs"


def test_unit_tests_lie_in_the_folders_of_what_they_test() -> None:
    folders = frozenset(PurePosixPath(source.path).parent.as_posix() for source in OURS)
    none_of(not_mirrored((source.path for source in ALL), folders))


def test_a_unit_test_in_no_folder_of_the_tree_is_found() -> None:
    folders = frozenset({"monitor/core/lot", "laboratory"})
    right = ["tests/unit/core/lot/test_a.py", "tests/unit/laboratory/test_b.py", "tests/unit/house/test_c.py"]
    assert list(not_mirrored(right, folders)) == []
    wrong_places = ["tests/unit/test_a.py", "tests/unit/lots/test_a.py", "tests/unit/core/lot/rig.py"]
    assert len(list(not_mirrored(wrong_places, folders))) == 3


# --- one name, one class ---

PORT_AND_ADAPTER: Mapping[str, frozenset[str]] = {
    name: frozenset({f"monitor/ports/{port}.py", adapter})
    for name, port, adapter in (
        ("Due", "due", "monitor/store/due.py"),
        ("Facts", "facts", "monitor/store/facts.py"),
        ("History", "history", "monitor/store/history.py"),
        ("Log", "log", "monitor/store/log.py"),
        ("Outbox", "outbox", "monitor/store/outbox.py"),
        ("Packed", "history", "monitor/store/history.py"),
        ("Store", "store", "monitor/store/store.py"),
        ("View", "asking", "monitor/asking/view.py"),
        ("AlarmView", "asking", "monitor/asking/alarm_view.py"),
    )
}
"""A port and what implements it may share a name, for they are one thing from its two sides; nobody else may."""

SHARED_NAMES: Mapping[str, int] = {}
"""Names that several public classes of the product have today, a port and its implementation counted once."""


def public_classes(sources: Iterable[Source]) -> dict[str, int]:
    """How many public classes there are of each name, a port and its implementation counted once."""
    places: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(source.path)
    pairs = {name: PORT_AND_ADAPTER.get(name, frozenset()) for name in places}
    return {name: len(paths) - (pairs[name] <= paths and bool(pairs[name])) for name, paths in places.items()}


def test_a_name_is_the_name_of_one_class() -> None:
    remedy = "say in the name what sets it apart (a lot's stay, a chart's stay), or make them one"
    figures = public_classes(PRODUCT)
    none_of(ratchet(figures, SHARED_NAMES, limit=1, what="classes of this name", remedy=remedy))


def test_a_second_class_of_a_name_is_found_and_a_port_with_its_implementation_is_not() -> None:
    port = Source("monitor.ports.log", "monitor/ports/log.py", "class Log(Protocol): ...\nclass _Own: ...\n")
    adapter = Source("monitor.store.log", "monitor/store/log.py", "class Log: ...\nclass _Own: ...\n")
    third = Source("monitor.cli.log", "monitor/cli/log.py", "class Log: ...\n")
    assert public_classes([port, adapter]) == {"Log": 1}
    assert public_classes([port, adapter, third]) == {"Log": 2}
    assert public_classes([adapter, third]) == {"Log": 2}


# --- how much one class holds ---

PORT_METHODS, METHODS, ATTRIBUTES = 10, 20, 12

WIDE_PORTS: Mapping[str, int] = {}
MANY_METHODS: Mapping[str, int] = {}
MANY_ATTRIBUTES: Mapping[str, int] = {
    "monitor/program/service.py:Service": 24,  # the composition of the program
    "monitor/writer/parts.py:Parts": 40,  # the composition of the writer, a line for each part
    "simulators/network/gateway.py:Gateway": 25,
    "simulators/physics/unit.py:SimulatedUnit": 22,
    "simulators/sensing/probe.py:SimulatedProbe": 24,
}
"""What is wider today, with its figure."""


def methods(source: Source) -> Iterator[tuple[str, ast.ClassDef, int]]:
    """Each class by ``path:name``, and how many methods it has, properties among them."""
    for node in classes(source):
        count = sum(isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) for child in node.body)
        yield f"{source.path}:{node.name}", node, count


def attributes(source: Source) -> dict[str, int]:
    """How many attributes each class sets on itself. The fields of a record are not counted: they are what the thing
    has, and no method of it keeps anything there."""
    return {
        f"{source.path}:{node.name}": len(
            {
                inner.attr
                for inner in ast.walk(node)
                if isinstance(inner, ast.Attribute)
                and isinstance(inner.ctx, ast.Store)
                and isinstance(inner.value, ast.Name)
                and inner.value.id == "self"
            }
        )
        for node in classes(source)
    }


def test_a_port_asks_for_ten_methods_at_most() -> None:
    figures = {
        name: count
        for source in PRODUCT
        for name, node, count in methods(source)
        if "Protocol" in bases(node)
    }
    assert len(figures) > 10
    remedy = "part it by who calls it: nobody needs all of that"
    none_of(ratchet(figures, WIDE_PORTS, limit=PORT_METHODS, what="methods", remedy=remedy))


def test_no_class_does_everything() -> None:
    figures = {
        name: count
        for source in OURS
        for name, node, count in methods(source)
        if "Protocol" not in bases(node)
    }
    remedy = "it is several things: give each idea a class of its own"
    none_of(ratchet(figures, MANY_METHODS, limit=METHODS, what="methods", remedy=remedy))


def test_no_class_remembers_everything() -> None:
    figures = {name: count for source in OURS for name, count in attributes(source).items()}
    remedy = "what changes together belongs into a class of its own"
    none_of(ratchet(figures, MANY_ATTRIBUTES, limit=ATTRIBUTES, what="attributes", remedy=remedy))


def test_methods_and_attributes_are_counted_where_they_are() -> None:
    text = (
        "class Wide(Protocol):\n    def a(self): ...\n    async def b(self): ...\n"
        "class Hoard:\n    x: int\n"
        "    def a(self):\n        self.x = self.y = 1\n        other.z = 2\n        self.x += 1\n"
    )
    source = Source("a", "a.py", text)
    assert [(name, count) for name, _, count in methods(source)] == [("a.py:Wide", 2), ("a.py:Hoard", 1)]
    assert attributes(source) == {"a.py:Wide": 0, "a.py:Hoard": 2}


# --- nobody reaches into another ---

OPEN_IN_SPITE_OF_THE_LINE = frozenset({"_asdict", "_fields", "_make", "_mapping", "_replace"})
"""Public names of NamedTuple and of SQLAlchemy's rows that begin with a line all the same."""

STILL_REACHED_INTO: Mapping[str, int] = {
    "tests": 2,
}
"""How often each file names something private of another, today; all tests together."""


def own_names(node: ast.ClassDef) -> frozenset[str]:
    """The private names that a class gives itself: another of its own type has them too."""
    inside = list(ast.walk(node))
    functions = {f.name for f in inside if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)}
    fields = {f.id for f in inside if isinstance(f, ast.Name) and isinstance(f.ctx, ast.Store)}
    attributes_set = {
        f.attr
        for f in inside
        if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name) and f.value.id in ("self", "cls")
    }
    return frozenset(functions | fields | attributes_set)


def reached_into(source: Source) -> list[str]:
    """``x._name`` for an x that is neither self nor cls nor of the own type, each as ``path:line: x._name``."""
    lines: list[str] = []
    if not any(is_private(node, frozenset()) for node in source.each(ast.Attribute)):
        return lines

    def visit(node: ast.AST, own: frozenset[str]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Attribute) and is_private(child, own):
                lines.append(f"{source.path}:{child.lineno}: {ast.unparse(child)}")
            visit(child, own_names(child) if isinstance(child, ast.ClassDef) else own)

    visit(source.tree, frozenset())
    return lines


def is_private(node: ast.Attribute, own: frozenset[str]) -> bool:
    """Whether that is another's private name."""
    if not node.attr.startswith("_") or node.attr.startswith("__") or node.attr in OPEN_IN_SPITE_OF_THE_LINE:
        return False
    return node.attr not in own and ast.unparse(node.value) not in ("self", "cls", "super()")


def test_nobody_reaches_into_another() -> None:
    places = {source.path: reached_into(source) for source in OURS}
    in_tests = [line for source in ALL if source.path.startswith("tests/") for line in reached_into(source)]
    figures = {path: len(lines) for path, lines in places.items()} | {"tests": len(in_tests)}
    remedy = "ask it, or tell it, by a public method that says what for"
    findings = ratchet(figures, STILL_REACHED_INTO, limit=0, what="private names of others", remedy=remedy)
    over = [path for path, lines in places.items() if len(lines) > STILL_REACHED_INTO.get(path, 0)]
    none_of([*findings, *(line for path in over for line in places[path])])


def test_reaching_into_another_is_found_and_using_ones_own_is_not() -> None:
    text = (
        "class Lot:\n"
        "    def __init__(self, other: Lot) -> None:\n"
        "        self._moves = other._moves\n"
        "        self.row = row._replace(x=1)\n"
        "        self._writer._lock.acquire()\n"
        "def peek(lot: Lot) -> int:\n"
        "    return lot._moves + lot.__len__()\n"
    )
    source = Source("a", "a.py", text)
    assert reached_into(source) == ["a.py:5: self._writer._lock", "a.py:7: lot._moves"]


def test_the_lists_of_exceptions_name_what_is_there() -> None:
    listed = [*WIDE_PORTS, *MANY_METHODS, *MANY_ATTRIBUTES, *STILL_REACHED_INTO]
    none_of(entry for entry in listed if not (ROOT / entry.split(":")[0]).exists())
