"""What documents point to is there: files, functions, pages, headings."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house import ROOT

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PARTS = "monitor|laboratory|simulators|benchmarks|tests|config|deploy"


def test_every_file_and_function_of_a_walk_is_there() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| `([^`]+)` \| `(\w+)` \|", text, re.M)
    assert len(rows) >= 40
    aside = re.findall(r"`(\w+)` in `([^`]+\.py)`", text)
    assert aside
    for path, function in [*rows, *((path, name) for name, path in aside)]:
        assert function in functions(ROOT / path), f"{path} has no {function}"


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_a_walk_is_at_most_a_page() -> None:
    walks = ARCHITECTURE.read_text(encoding="utf-8").split("\n## ")[2:]
    assert len(walks) == 4
    assert all(len(walk.splitlines()) <= 40 for walk in walks)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    for path in re.findall(rf"`((?:{PARTS})/[\w./-]+\.\w+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), f"{page.name} names {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, heading = target.partition("#")
        linked = page if not path else (page.parent / path).resolve()
        assert linked.exists(), f"{page.name} links to {target}"
        if heading:
            assert heading in headings(linked.read_text(encoding="utf-8")), f"{page.name} links to {target}"


def headings(text: str) -> set[str]:
    """The headings of a page as they are linked to."""
    lines = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}
