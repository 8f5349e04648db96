"""The table of rooms in CONTRIBUTING.md, made from the tree: each package's row is the first line of its docstring.

``python -m tests.rooms`` (``make docs``) writes it again; a test holds it equal.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from tests.house import OURS, ROOT, SHIPPED, Source
from tests.unit.house.test_house import MAY_IMPORT

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
BEGIN = "<!-- rooms: made by `make docs` from the first line of each package's docstring -->"
END = "<!-- end of rooms -->"


def first_line(source: Source) -> str:
    """The first line of a file's docstring, with its markup as Markdown's; empty without one."""
    docstring = ast.get_docstring(source.tree) or ""
    line = docstring.partition("\n")[0]
    return re.sub(r"``([^`]+)``", r"`\1`", re.sub(r":\w+:`([^`]+)`", r"`\1`", line)).replace("|", "\\|")


def may_import(source: Source) -> str:
    """What a room at the top may import of the project; empty for a room within it, which may what that may."""
    names = source.module.split(".")
    if len(names) > 2 or (names[0] != "monitor" and len(names) > 1):
        return ""
    allowed = MAY_IMPORT.get(source.part, frozenset())
    return "all" if allowed is None else ", ".join(sorted(allowed - {"monitor"})) or "nothing of the project"


def rows(sources: Iterable[Source]) -> list[str]:
    """A row for each package but the product as a whole, the product's first: its folder, what it holds, what it may
    import."""
    packages = [
        source for source in sources if source.path.endswith("/__init__.py") and source.module != "monitor"
    ]
    packages.sort(key=lambda source: SHIPPED.index(source.path.split("/")[0]))
    return [
        f"| `{source.path.removesuffix('__init__.py')}` | {first_line(source)} | {may_import(source)} |"
        for source in packages
    ]


def table(sources: Iterable[Source]) -> str:
    """The table, between its markers."""
    lines = [BEGIN, "| folder | holds | may import |", "|---|---|---|", *rows(sources), END]
    return "\n".join(lines)


def renewed(text: str, sources: Iterable[Source]) -> str:
    """A text with its table made anew. Raises ValueError unless both markers are there, once and in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"CONTRIBUTING.md: leave one line {BEGIN!r} and one {END!r} after it")
    return before + table(sources) + after


if __name__ == "__main__":
    CONTRIBUTING.write_text(renewed(CONTRIBUTING.read_text(encoding="utf-8"), OURS), encoding="utf-8")
