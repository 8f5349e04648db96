"""Is this a place to take lots to, and if not, why not? Pure; asked by messages, pages, API and command line.

Theory of operation. Somebody stands before a failing freezer at three in the morning with a box of lots in their hands.
A unit is no place for them if it doesn't keep its temperature (outside its window, with or without an alarm yet), if
it may not keep it for long (no power, rising, weak cooling, a door that stands open), if nobody could tell whether it
does (silent, a faulty or stuck probe, a clock that makes its readings useless, readings that couldn't be judged, no
reading at all), or if people have taken it out of use (suppressed, out of service). A unit that is fine but for
something that can wait until the morning (a low battery, a calibration that is due, a slow drift, a clock that is a
little off) takes them, and that is said as a note.

A shelved alarm still counts: shelving hushes people, it doesn't mend a freezer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.condition import NATURE, AlarmCondition
from monitor.core.alarm.suppression import Suppression
from monitor.core.profile.installation import Unit
from monitor.core.profile.profile import Window

_THERMAL = (AlarmCondition.TEMPERATURE_HIGH, AlarmCondition.TEMPERATURE_LOW)
_UNHEARD = (AlarmCondition.NO_DATA, AlarmCondition.PROBE_FAULT)
UNFIT = tuple(sorted((c for c in AlarmCondition if NATURE[c].unfit), key=lambda c: NATURE[c].unfit or 0))
"""What a unit has, or one of its probes, that is no place to take lots to; the worst is named first."""
NOTED = tuple(sorted((c for c in AlarmCondition if NATURE[c].noted), key=lambda c: NATURE[c].noted or 0))
"""What can wait until the morning."""


class Shelter(NamedTuple):
    """A unit that might take lots in. ``why_not`` says why it isn't healthy (None: it is), ``note`` what else there is
    to know of one that is; ``lots`` is how many are in it."""

    unit: str
    title: str
    storage_class: str
    why_not: str | None
    site: str
    lots: int
    note: str | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether lots may be taken there."""
        return self.why_not is None


class UnitState(NamedTuple):
    """What is known of a unit now: its product probe's newest °C (None: never heard, or not a temperature) with the
    window that holds, whether an excursion of that probe is open (confirmed or not), and how many lots are in it."""

    unit: Unit
    celsius: float | None
    window: Window
    is_in_excursion: bool
    lots: int


def shelters(
    states: Iterable[UnitState], alarms: Iterable[Alarm], suppressions: Iterable[Suppression], now: int
) -> list[Shelter]:
    """The units as places to take lots to. ``alarms``: all that are open; ``suppressions``: all that are in force."""
    open_alarms: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        open_alarms.setdefault(_unit_of(alarm.subject), []).append(alarm)
    held_back: dict[str, list[Suppression]] = {}
    for suppression in suppressions:
        if suppression.kind != "shelved" and suppression.holds(now):
            held_back.setdefault(_unit_of(suppression.subject), []).append(suppression)
    return [
        shelter(state, open_alarms.get(state.unit.path, ()), held_back.get(state.unit.path, ()))
        for state in states
    ]


def shelter(state: UnitState, alarms: Sequence[Alarm], held_back: Sequence[Suppression]) -> Shelter:
    """One unit; ``alarms`` and ``held_back`` are those about it and its probes."""
    unit = state.unit
    why_not = ", ".join(dict.fromkeys(_reasons(state, alarms, held_back)))
    noted = {alarm.condition for alarm in alarms}
    note = ", ".join(_named(condition) for condition in NOTED if condition in noted)
    return Shelter(
        unit=unit.path,
        title=unit.title,
        storage_class=unit.storage_class,
        why_not=why_not or None,
        site=unit.site,
        lots=state.lots,
        note=note or None,
    )


def _reasons(state: UnitState, alarms: Sequence[Alarm], held_back: Sequence[Suppression]) -> Iterator[str]:
    conditions = {alarm.condition for alarm in alarms}
    yield from (_named(condition) for condition in UNFIT if condition in conditions)
    if any(alarm.condition is AlarmCondition.CLOCK_SKEW and alarm.level != "warning" for alarm in alarms):
        yield "its clock is wrong, and nothing that it sends can be used"
    # What an alarm has said already needs no second reason; before there is an alarm it is the only one.
    is_outside = state.celsius is not None and not state.window.contains(state.celsius)
    if (is_outside or state.is_in_excursion) and conditions.isdisjoint(_THERMAL):
        yield "outside its window"
    if state.celsius is None and conditions.isdisjoint(_UNHEARD):
        yield "its temperature is not known"
    yield from (suppression.kind.replace("_", " ") for suppression in held_back)


def _named(condition: AlarmCondition) -> str:
    if condition is AlarmCondition.JUDGING_FAILED:
        return "not judged: the program fails at it"
    return condition.value.replace("_", " ")


def _unit_of(subject: str) -> str:
    """The unit of a unit's or a probe's path; whatever else has alarms is no unit's path."""
    return "/".join(subject.split("/")[:2])
