"""Refusing a description that makes no sense, with a sentence that says why."""

from __future__ import annotations


def require(holds: bool, otherwise: str) -> None:
    """Raises ValueError with the sentence ``otherwise`` unless ``holds``."""
    if not holds:
        raise ValueError(otherwise)
