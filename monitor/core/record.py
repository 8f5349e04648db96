"""How core's texts, which go on record with what they are about, say a temperature and a span.

They stay as they were said: a text that is on record is never worded anew, so its form is core's own, and plain. What
is shown beside it is said by the one voice of the pages. Instants are told by :mod:`monitor.core.time.instant`.
"""

from __future__ import annotations

from monitor.core.time.instant import MINUTE


def degrees(celsius: float, form: str = "g") -> str:
    """A temperature: ``-81.5 °C``; ``form`` as Python's formats have it."""
    return f"{celsius:{form}} °C"


def minutes(ms: int) -> str:
    """A span to the minute: ``34 min``, ``3 h 10 min``, ``30 h``."""
    whole = ms // MINUTE
    if whole < 60:
        return whole_minutes(ms)
    return f"{whole // 60} h {whole % 60} min" if whole % 60 else f"{whole // 60} h"


def whole_minutes(ms: int) -> str:
    """A span in minutes alone, however many: ``190 min``."""
    return f"{ms // MINUTE} min"


def span(ms: int) -> str:
    """A span to the second: ``1 d 4 h``, ``12 min 3 s``."""
    seconds = ms // 1_000
    parts = [(seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "min")]
    words = [f"{number} {unit}" for number, unit in parts if number]
    if seconds % 60 or not words:
        words.append(f"{seconds % 60} s")
    return " ".join(words)
