"""The life of an alarm after ISA-18.2, as a table: every state and every event, and what comes of the two.

The states are those of ISA-18.2. Shelved, suppressed and out of service stand beside them
(:mod:`monitor.core.alarm.suppression`): they postpone messages and change no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class State(StrEnum):
    """Where an alarm is in its life (the letters are those of ISA-18.2)."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"
    LATCHED_UNACKNOWLEDGED = "latched_unacknowledged"
    LATCHED_ACKNOWLEDGED = "latched_acknowledged"


class Event(StrEnum):
    """What happens to an alarm. ``latched`` is what ``cleared`` is for a condition that latches."""

    RAISED = "raised"
    WORSENED = "worsened"
    CLEARED = "cleared"
    LATCHED = "latched"
    ACKNOWLEDGED = "acknowledged"
    REARMED = "rearmed"
    RESET = "reset"


class Move(NamedTuple):
    """What an event leads to. ``refused``: why it can't happen, for the person who tried; the state stays then."""

    to: State
    why: str
    refused: bool = False


LETTERS: Mapping[State, str] = MappingProxyType(dict(zip(State, "ABCDEF", strict=True)))

_A, _B, _C, _D, _E, _F = State
_STAYS = "nothing changes"
_NOT_ACTIVE = "the condition isn't there, so it can't get worse or end"
_OVER = "it is over already"


def _stays(state: State, why: str = _STAYS) -> Move:
    return Move(state, why)


def _refused(state: State, why: str) -> Move:
    return Move(state, why, refused=True)


TRANSITIONS: Mapping[tuple[State, Event], Move] = MappingProxyType(
    {
        (_A, Event.RAISED): Move(_B, "people are told, step by step, until one of them acknowledges"),
        (_A, Event.WORSENED): _stays(_A, _NOT_ACTIVE),
        (_A, Event.CLEARED): _stays(_A, _NOT_ACTIVE),
        (_A, Event.LATCHED): _stays(_A, _NOT_ACTIVE),
        (_A, Event.ACKNOWLEDGED): _refused(_A, _OVER),
        (_A, Event.REARMED): _stays(_A, _OVER),
        (_A, Event.RESET): _refused(_A, _OVER),
        (_B, Event.RAISED): _stays(_B, "one alarm per condition and subject"),
        (_B, Event.WORSENED): Move(_B, "it is told anew, with its new level"),
        (_B, Event.CLEARED): Move(_D, "those who were told hear that it is over"),
        (_B, Event.LATCHED): Move(
            _E, "those who were told hear that it no longer holds; it waits for a person"
        ),
        (_B, Event.ACKNOWLEDGED): Move(_C, "nobody more is told; those who were hear who has taken it"),
        (_B, Event.REARMED): _stays(_B, "it is being told already"),
        (_B, Event.RESET): _refused(_B, "the condition still holds: acknowledge it instead"),
        (_C, Event.RAISED): _stays(_C, "one alarm per condition and subject"),
        (_C, Event.WORSENED): Move(_B, "it is told anew, with its new level"),
        (_C, Event.CLEARED): Move(_A, "those who were told hear that it is over"),
        (_C, Event.LATCHED): Move(
            _F, "those who were told hear that it no longer holds; it waits for a reset"
        ),
        (_C, Event.ACKNOWLEDGED): _stays(_C, "somebody has acknowledged it before: the first name stands"),
        (_C, Event.REARMED): Move(_B, "acknowledged long ago and still not over: it is told anew"),
        (_C, Event.RESET): _refused(_C, "the condition still holds"),
        (_D, Event.RAISED): Move(_B, "a new alarm takes its place, and is told"),
        (_D, Event.WORSENED): _stays(_D, _NOT_ACTIVE),
        (_D, Event.CLEARED): _stays(_D, _OVER),
        (_D, Event.LATCHED): _stays(_D, _OVER),
        (_D, Event.ACKNOWLEDGED): Move(_A, "somebody has seen that it was there"),
        (_D, Event.REARMED): _stays(_D, _OVER),
        (_D, Event.RESET): _refused(_D, "it isn't latched: acknowledge it instead"),
        (_E, Event.RAISED): Move(_B, "a new alarm takes its place, and is told"),
        (_E, Event.WORSENED): _stays(_E, _NOT_ACTIVE),
        (_E, Event.CLEARED): _stays(_E, _OVER),
        (_E, Event.LATCHED): _stays(_E, _OVER),
        (_E, Event.ACKNOWLEDGED): Move(_F, "somebody has seen it; it waits for a reset"),
        (_E, Event.REARMED): _stays(_E, _OVER),
        (_E, Event.RESET): _refused(_E, "acknowledge it first"),
        (_F, Event.RAISED): Move(_B, "a new alarm takes its place, and is told"),
        (_F, Event.WORSENED): _stays(_F, _NOT_ACTIVE),
        (_F, Event.CLEARED): _stays(_F, _OVER),
        (_F, Event.LATCHED): _stays(_F, _OVER),
        (_F, Event.ACKNOWLEDGED): _stays(_F, "somebody has acknowledged it before: the first name stands"),
        (_F, Event.REARMED): _stays(_F, _OVER),
        (_F, Event.RESET): Move(_A, "a person has decided that it is dealt with"),
    }
)
"""Total: each state with each event."""

ACTIVE = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED})
"""The condition holds, as far as is known."""


def after(state: State, event: Event) -> Move:
    """What an event leads to."""
    return TRANSITIONS[state, event]
