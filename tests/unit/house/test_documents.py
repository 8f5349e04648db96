"""What documents and docstrings point to is there: files, functions, pages, headings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import OURS, ROOT, Source, none_of

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
    found = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


# --- what docstrings and comments point to ---

ABSENT = re.compile(r"\b(?:SPEC|DOMAIN|EVIDENCE|DESIGN|PITFALLS|HOUSE)\b|\bsmall print\b")
"""Documents that are not in the repository, by the names that they had."""


def cited_in_vain(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if ABSENT.search(line):
            remedy = "point to a page of docs/, or say the rule"
            yield f"{source.path}:{number}: cites what isn't in the repository: {remedy}"
        for page in re.findall(r"\bdocs/[\w.-]+\.(?:md|json)\b", line):
            if not (ROOT / page).exists():
                yield f"{source.path}:{number}: {page} isn't there"


def test_no_docstring_cites_a_document_that_is_not_in_the_repository() -> None:
    none_of(line for source in OURS if source.part != "tests" for line in cited_in_vain(source))


@pytest.mark.parametrize(
    "text",
    [
        '"""As SPEC section 7 words it."""',
        "# small print 14",
        '"""See docs/nothing.md."""',
        "# DOMAIN: so it is",
    ],
)
def test_a_document_that_is_not_there_is_found(text: str) -> None:
    assert len(list(cited_in_vain(Source("monitor.core.fact", "monitor/core/fact.py", text)))) == 1
