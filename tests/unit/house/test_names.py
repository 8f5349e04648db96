"""What things are called, and what a text may lean on: documents that a reader of the repository has."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from tests.house import ALL, ROOT, Source, none_of, ratchet

TREES = ("monitor", "laboratory", "simulators", "benchmarks", "tests")


def tree_of(source: Source) -> str:
    """The folder at the top in which a file lies."""
    return source.path.split("/")[0]


# --- a variable says what it holds ---

SAYS_NOTHING = frozenset({"found", "made", "taken", "wrong"})
"""Names that say how a value came about, and not what it is."""

STILL_SAYING_NOTHING: Mapping[str, int] = {
    "monitor": 925,
    "laboratory": 1,
    "benchmarks": 47,
    "tests": 1369,
}
"""How often such a name stands in each tree today. They go down; none up."""


def empty_names(source: Source) -> Iterator[int]:
    """The lines on which a variable or parameter has a name that says nothing, one for each use."""
    yield from (node.lineno for node in source.each(ast.Name) if node.id in SAYS_NOTHING)
    yield from (node.lineno for node in source.each(ast.arg) if node.arg in SAYS_NOTHING)


def by_tree(counted: Iterable[tuple[Source, int]]) -> dict[str, int]:
    """The sum of each tree."""
    figures = Counter(dict.fromkeys(TREES, 0))
    for source, count in counted:
        figures[tree_of(source)] += count
    return dict(figures)


def test_a_variable_says_what_it_holds() -> None:
    figures = by_tree((source, len(list(empty_names(source)))) for source in ALL)
    remedy = "call it what it holds: open_alarms, budget, path; not how it came about"
    what = f"uses of {', '.join(sorted(SAYS_NOTHING))}"
    none_of(ratchet(figures, STILL_SAYING_NOTHING, limit=0, what=what, remedy=remedy))


def test_a_name_that_says_nothing_is_found_wherever_it_is_used() -> None:
    text = "def look(found: int) -> int:\n    made = found + 1\n    return made + lot.taken + well_made\n"
    assert sorted(empty_names(Source("a", "a.py", text))) == [1, 2, 2, 3]


# --- who cites a document has it ---

NOT_HERE = re.compile(r"\b(?:SPEC|DOMAIN|EVIDENCE|DESIGN|HOUSE|PITFALLS|REVIEW)\b")
DOCUMENT = re.compile(r"[\w./-]*\w\.md\b")

STILL_CITED: Mapping[str, int] = {}
"""How often each tree cites documents that aren't in the repository, today."""


def prose(source: Source) -> Iterator[tuple[int, str]]:
    """Docstrings and comments of a file, each with the line at which it begins."""
    for node in source.each(ast.Expr):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def cited_and_absent(source: Source, documents: frozenset[str]) -> Iterator[str]:
    """What a file's prose cites that the repository doesn't have."""
    if not (DOCUMENT.search(source.text) or NOT_HERE.search(source.text)):
        return  # most files: tokenizing them all takes longer than all else here
    for line, text in prose(source):
        names = [match[0] for match in DOCUMENT.finditer(text)]
        absent = [
            name for name in names if not any(path.endswith(f"/{name.lstrip('/')}") for path in documents)
        ]
        for name in [*absent, *(match[0] for match in NOT_HERE.finditer(text))]:
            yield f"{source.path}:{line}: {name}"


def documents() -> frozenset[str]:
    """The Markdown files of the repository, as ``/docs/figures.md``."""
    folders = [ROOT / "docs", *(ROOT / tree for tree in (*TREES, "config", "deploy"))]
    files = [*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md"))]
    return frozenset(f"/{path.relative_to(ROOT).as_posix()}" for path in files)


def test_docstrings_and_comments_cite_what_a_reader_has() -> None:
    there = documents()
    assert "/docs/figures.md" in there
    cited = {source.path: list(cited_and_absent(source, there)) for source in ALL}
    figures = by_tree((source, len(cited[source.path])) for source in ALL)
    remedy = "cite docs/, or say here what it says"
    findings = ratchet(figures, STILL_CITED, limit=0, what="citations of what isn't there", remedy=remedy)
    over = {tree for tree, count in figures.items() if count > STILL_CITED.get(tree, 0)}
    none_of([*findings, *(line for source in ALL if tree_of(source) in over for line in cited[source.path])])


def test_a_document_that_is_not_there_is_found_in_docstring_and_comment() -> None:
    there = frozenset({"/docs/figures.md"})
    text = '"""As SPEC section 7; docs/figures.md; figures.md."""\nx = 1  # docs/spec.md\ny = "SPEC"\n'
    lines = list(cited_and_absent(Source("a", "a.py", text), there))
    assert lines == ["a.py:1: SPEC", "a.py:2: docs/spec.md"]
