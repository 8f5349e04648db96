"""Colours and letters of charts, for a light and a dark background."""

from __future__ import annotations

from dataclasses import dataclass

FONT = "system-ui, sans-serif"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours, chosen to be told apart by colour-blind people and in print."""

    ink: str
    grid: str
    line: str
    other: str
    window: str
    excursion: str
    unknown: str
    bad: str


LIGHT = Palette("#3b4754", "#dfe5ea", "#0b4f8a", "#7a8794", "#00735c", "#b8002e", "#6b7785", "#6b3fa0")
DARK = Palette("#c6d0d9", "#2a3642", "#6cb8ff", "#93a1ae", "#2fc39b", "#ff5c7c", "#93a1ae", "#c79bff")
