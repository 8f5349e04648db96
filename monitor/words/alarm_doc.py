"""docs/alarms.md, made from the tables that alarms and messages themselves go by."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.alarm.condition import LEVEL_OF, NATURE, AlarmCondition
from monitor.core.alarm.machine import LETTERS, TRANSITIONS, Event, State
from monitor.words.condition import CONDITIONS, move
from monitor.words.figures import spell_out

_HEAD = """\
# Alarms

<!-- Made by `exosome-monitor docs alarms`. A test holds this page and the program equal: don't edit it by hand. -->

An alarm is a condition that needs a person. There is one open alarm per condition and subject; it lives by the table
below, which is that of ISA-18.2. Shelved, suppressed and out of service stand beside its state: they hold back
messages and change neither state nor readings, excursions or budgets. How to operate all that is in
[operating.md](operating.md).
"""
_EVENTS = """\
| event | is |
|---|---|
| raised | the condition comes to hold |
| worsened | its level rises |
| cleared | the condition is known to be over; silence never is |
| latched | the same, for a condition that stays until a person resets it |
| acknowledged | a person takes it |
| rearmed | it was acknowledged `[alerting] rearm_after` ago, and still holds |
| reset | a person says that what latched is dealt with |
"""


def alarm_doc() -> str:
    """The page as Markdown."""
    blocks = [_HEAD, *_machine(), "## Conditions\n", _summary(), *map(_section, AlarmCondition)]
    return "\n".join(blocks)


def _machine() -> Iterator[str]:
    yield "## The life of an alarm\n"
    yield _EVENTS
    header = ["state", *(event.value for event in Event)]
    rows = [header, ["---"] * len(header)]
    for state in State:
        cells = [_cell(state, event) for event in Event]
        rows.append([f"**{LETTERS[state]}** {spell_out(state.value)}", *cells])
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
    yield "A letter is the state that follows, – that nothing changes, × that a person who tries it is refused. Why:\n"
    yield "\n".join(_reasons()) + "\n"
    yield _diagram()


def _cell(state: State, event: Event) -> str:
    move_to = TRANSITIONS[state, event]
    if move_to.refused:
        return "×"
    return "–" if move_to.to is state and not _is_told(state, event) else LETTERS[move_to.to]


def _is_told(state: State, event: Event) -> bool:
    """Whether an event matters though the state stays: what got worse is told anew."""
    return event is Event.WORSENED and state is State.UNACKNOWLEDGED


def _reasons() -> Iterator[str]:
    """Every move that does something, or is refused, with its reason."""
    yield "| from | event | to | why |"
    yield "|---|---|---|---|"
    for (state, event), move_to in TRANSITIONS.items():
        if move_to.refused or move_to.to is not state or _is_told(state, event):
            to = "refused" if move_to.refused else spell_out(move_to.to.value)
            yield f"| {spell_out(state.value)} | {event.value} | {to} | {move_to.why} |"


def _diagram() -> str:
    """The moves as a state diagram (Mermaid)."""
    moves: dict[tuple[State, State], list[str]] = {}
    for (state, event), move_to in TRANSITIONS.items():
        if not move_to.refused and (move_to.to is not state or _is_told(state, event)):
            moves.setdefault((state, move_to.to), []).append(event.value)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {State.NORMAL.value}"]
    lines += [
        f"    {start.value} --> {end.value}: {', '.join(events)}" for (start, end), events in moves.items()
    ]
    return "\n".join([*lines, "```", ""])


def _summary() -> str:
    lines = ["| condition | level | about | latched |", "|---|---|---|---|"]
    for condition in AlarmCondition:
        subject, latched = CONDITIONS[condition].about, "yes" if NATURE[condition].latched else ""
        lines.append(f"| [`{condition}`](#{condition}) | {LEVEL_OF[condition]} | {subject} | {latched} |")
    return "\n".join(lines) + "\n"


def _section(condition: AlarmCondition) -> str:
    """One condition: what it means, and what its message says to do first."""
    words = CONDITIONS[condition]
    rows = [
        ("about", words.about),
        ("level", words.levels or LEVEL_OF[condition]),
        ("raised", words.raised),
        ("clears", words.clears),
        ("latched", "yes: it stays until a person resets it" if NATURE[condition].latched else "no"),
    ]
    lines = [f"### {condition}\n", f"{words.means}\n", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in rows]
    lines += ["", "What to do first:\n"]
    lines += [f"{place}. {step.replace('{move}', move(None))}" for place, step in enumerate(words.first, 1)]
    return "\n".join(lines) + "\n"
