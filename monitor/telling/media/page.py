"""A message's plain text as simple HTML for mail programs: the same words, in headings, lists and a button. Pure.

Everything comes from the text's own form (:mod:`monitor.words.message`): blocks with an empty line between them,
numbered and dashed lists with indented further lines, ``Label: value`` lines, and titles that end in a colon. What has
no such form stays a paragraph. No scripts, no styles from elsewhere, no remote images: opening it fetches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

_NUMBERED = re.compile(r"\d+\. (.*)")
_DASHED = re.compile(r"(?:- |  )(\S.*)")
_LABELLED = re.compile(r"([A-Z][A-Za-z ]{0,30}): (\S.*)")
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_STYLE = (
    "body{margin:0;padding:16px;background:#fff;color:#1a2430;max-width:640px;"
    "font:16px/1.45 Helvetica,Arial,sans-serif}"
    "h1{font-size:20px;line-height:1.3;margin:0 0 12px}h2{font-size:16px;margin:20px 0 4px}p{margin:0 0 12px}"
    "ol,ul{margin:0 0 12px;padding-left:24px}li{margin:0 0 4px}img{max-width:100%;height:auto;border:1px solid #dfe5ea}"
)
_BUTTON = (
    "display:inline-block;padding:14px 22px;background:#0b4f8a;color:#ffffff;"
    "font-weight:bold;text-decoration:none;border-radius:6px"
)
_ALT = "Chart of the last 12 hours; its figures stand in this message as text."


def html_of(text: str, *, link: str = "", picture: str = "") -> str:
    """The page. ``link`` (as it stands in the text) becomes a button; ``picture`` is the address of an image, shown
    below what to do first."""
    blocks = [block.split("\n") for block in text.strip("\n").split("\n\n") if block.strip()]
    shown = [_heading(blocks[0])] if blocks else []
    shown += [_block(block, link) for block in blocks[1:]]
    if picture:
        shown.insert(_below(blocks), f'<p><img src="{escape(picture)}" width="480" alt="{_ALT}"></p>')
    title = escape(blocks[0][0]) if blocks else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{chr(10).join(shown)}\n</body>\n</html>\n"
    )


def _below(blocks: list[list[str]]) -> int:
    """The place below what to do first; below the second block, where a message says nothing of that."""
    for place, block in enumerate(blocks):
        if any(_NUMBERED.match(line) for line in block):
            return place + 1
    return min(2, len(blocks))


def _heading(block: list[str]) -> str:
    return f"<h1>{escape(' '.join(block))}</h1>"


def _block(block: list[str], link: str) -> str:
    if link and any(link in line for line in block):
        words = " ".join(line for line in block if link not in line)
        button = f'<p><a href="{escape(link)}" style="{_BUTTON}">Acknowledge</a></p>'
        return f"{button}\n<p><small>{_inline(words)}</small></p>"
    parts = []
    if len(block) > 1 and block[0].endswith(":") and _is_list(block[1]):
        parts.append(f"<h2>{escape(block[0].removesuffix(':'))}</h2>")
        block = block[1:]
    if _is_list(block[0]):
        tag = "ol" if _NUMBERED.match(block[0]) else "ul"
        items = "".join(f"<li>{_inline(item)}</li>" for item in _items(block))
        return "\n".join([*parts, f"<{tag}>{items}</{tag}>"])
    return "\n".join([*parts, f"<p>{'<br>'.join(_lines(block))}</p>"])


def _is_list(line: str) -> bool:
    return (_NUMBERED.match(line) or _DASHED.match(line)) is not None


def _items(block: list[str]) -> Iterator[str]:
    """The items of a list. Below a number or a dash, indented lines go on with their item; in a list that is indented
    as a whole, each line is one."""
    is_marked = not block[0].startswith(" ")
    item = ""
    for line in block:
        if is_marked and line.startswith(" ") and item:
            item += f" {line.strip()}"
            continue
        if item:
            yield item
        begun = _NUMBERED.match(line) or _DASHED.match(line)
        item = line.strip() if begun is None else begun[1]
    yield item


def _lines(block: list[str]) -> Iterator[str]:
    """Lines with their labels marked; lines that were wrapped are joined to a sentence."""
    sentence: list[str] = []
    for line in block:
        labelled, is_urgent = _LABELLED.fullmatch(line), line.startswith("Act by ")
        if labelled is None and not is_urgent:
            sentence.append(line)
            continue
        if sentence:
            yield _inline(" ".join(sentence))
            sentence = []
        if labelled is None:
            yield f"<strong>{escape(line)}</strong>"
        else:
            yield f"<strong>{escape(labelled[1])}:</strong> {_inline(labelled[2])}"
    if sentence:
        yield _inline(" ".join(sentence))


def _inline(text: str) -> str:
    """Text with its web addresses as links."""
    shown, end = "", 0
    for found in _URL.finditer(text):
        address = escape(found[0])
        shown += f'{escape(text[end : found.start()])}<a href="{address}">{address}</a>'
        end = found.end()
    return shown + escape(text[end:])
