"""The tiers of tests: quick (``make test``) and slow (``make test-slow``); each file is of one, and CI runs both.

A slow file says so at its top, ``pytestmark = pytest.mark.slow`` (or in a list of marks); all others are quick.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house import ALL, ROOT, Source, none_of

SLOW_FOLDERS = ("tests/scenarios/", "tests/chaos/", "tests/browser/")
"""Nothing in these is quick."""

TESTS = [source for source in ALL if PurePosixPath(source.path).name.startswith("test_")]


def has_mark(node: ast.AST, mark: str) -> bool:
    """Whether ``pytest.mark.X`` stands somewhere in it."""
    return any(
        isinstance(inner, ast.Attribute) and inner.attr == mark and ast.unparse(inner.value) == "pytest.mark"
        for inner in ast.walk(node)
    )


def is_slow(source: Source) -> bool:
    """Whether a file says at its top that it is slow."""
    return any(
        isinstance(node, ast.Assign)
        and [ast.unparse(target) for target in node.targets] == ["pytestmark"]
        and has_mark(node.value, "slow")
        for node in source.tree.body
    )


def of_no_one_tier(source: Source) -> Iterator[str]:
    """What keeps a file from being of one tier that a reader sees at once."""
    for node in source.tree.body:
        if not isinstance(node, ast.Assign) and has_mark(node, "slow"):
            yield f"{source.path}:{node.lineno}: slow by itself: give it a file of its own whose pytestmark says so"
    if source.path.startswith(SLOW_FOLDERS) and not is_slow(source):
        yield f"{source.path}: in a folder of slow tests: say pytestmark = pytest.mark.slow"
    if re.search(r"(?:skip|xfail)\(", "".join(ast.unparse(mark) for mark in marks(source))):
        yield f"{source.path}: skipped as a whole, so it is of no tier"


def marks(source: Source) -> list[ast.expr]:
    """What ``pytestmark`` is set to at the top of a file."""
    return [
        node.value
        for node in source.tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["pytestmark"]
    ]


def test_every_file_of_tests_is_of_one_tier() -> None:
    none_of(line for source in TESTS for line in of_no_one_tier(source))
    slow = [source.path for source in TESTS if is_slow(source)]
    assert 0 < len(slow) < len(TESTS) / 3


def test_a_file_of_two_tiers_is_found() -> None:
    quick = Source("tests.test_a", "tests/test_a.py", "def test_a() -> None: ...\n")
    slow = Source("tests.test_a", "tests/chaos/test_a.py", "pytestmark = [pytest.mark.slow]\n")
    mixed = Source("tests.test_a", "tests/test_a.py", "@pytest.mark.slow\ndef test_a() -> None: ...\n")
    unsaid = Source("tests.chaos.test_a", "tests/chaos/test_a.py", "def test_a() -> None: ...\n")
    skipped = Source("tests.test_a", "tests/test_a.py", "pytestmark = pytest.mark.skip('later')\n")
    assert [len(list(of_no_one_tier(each))) for each in (quick, slow, mixed, unsaid, skipped)] == [
        0,
        0,
        1,
        1,
        1,
    ]
    assert [is_slow(each) for each in (quick, slow)] == [False, True]


def test_every_file_with_tests_is_looked_into() -> None:
    """pytest takes files called test_*.py, from all folders."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["testpaths"] == ["tests"]
    assert not {"norecursedirs", "python_files", "collect_ignore"} & set(options)
    assert not re.search(r"--ignore|--deselect|-k|-m ", options["addopts"])
    none_of(
        f"{source.path}: has tests, so call it test_{PurePosixPath(source.path).name}"
        for source in ALL
        if source.path.startswith("tests/") and source not in TESTS
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def target(makefile: str, name: str) -> str:
    """What a target of the Makefile does."""
    return re.search(rf"^{name}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]  # type: ignore[index]


def test_the_two_calls_of_ci_run_all_tests_once() -> None:
    """``-m "not slow"`` and ``-m slow`` leave none out, and nothing else chooses."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    quick, slow = target(makefile, "test"), target(makefile, "test-slow")
    assert quick.replace('-m "not slow"', "-m slow") == slow
    assert re.findall(r"-m \S+|-k|--ignore|--deselect|tests/", slow) == ["-m slow"]
    chosen = re.search(r"^BESIDE_ONE_ANOTHER := (.*)$", makefile, re.MULTILINE)
    assert chosen is not None
    assert not re.search(r"(?:^| )(?:-m|-k|--ignore|--deselect|tests/)", chosen[1])
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert re.findall(r"^make (\S+)(.*)$", script, re.MULTILINE) == [
        ("test", " || status=$?"),
        ("test-slow", " || status=$?"),
    ]
    assert "export REQUIRE_SERVERS=1" in script
