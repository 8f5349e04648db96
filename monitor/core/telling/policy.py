"""Who is to be told of what: routes lead to ladders, whose steps name persons and rotas.

Where no route matches, everybody is told at once: nobody is left out by a mistake in a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.alarm.alarm import Alarm, raised
from monitor.core.alarm.condition import LEVEL_OF, NATURE, AlarmCondition, Truth
from monitor.core.profile.installation import Installation
from monitor.core.telling.rota import Rota
from monitor.core.time.instant import MINUTE, from_datetime, to_datetime


class Recipient(NamedTuple):
    """A person at one address. ``name`` and ``address`` together are unique."""

    name: str
    medium: str
    address: str


class Place(NamedTuple):
    """Where an alarm is: its site, and its unit as ``site/unit``; None where it has none."""

    site: str | None
    unit: str | None


DRILL_WAIT = 30 * MINUTE
"""How long a person has to answer a drill before somebody else hears of it."""
NOWHERE = Place(None, None)


def place_of(alarm: Alarm, installation: Installation) -> Place:
    """Where an alarm is: the unit of its subject, else the one that its evidence names. What belongs to no site belongs
    to the only one, if there is only one."""
    units, zones = installation.units, installation.zones
    path: str | None = "/".join(alarm.subject.split("/")[:2])
    if path not in units:
        path = alarm.grounds.unit
    if path is not None and path in units:
        return Place(units[path].site, path)
    if alarm.subject in zones:
        return Place(alarm.subject, None)
    return Place(next(iter(zones)), None) if len(zones) == 1 else NOWHERE


OF_UNITS = tuple(condition for condition in AlarmCondition if NATURE[condition].must_reach)
"""What somebody must hear of for a unit to count as watched."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Times of day between which warnings wait; they may lie across midnight."""

    start: time
    until: time

    def end_after(self, at: int, zone: ZoneInfo) -> int | None:
        """When the quiet hours that an instant lies in end; None if it lies in none."""
        moment = to_datetime(at, zone)
        for day in (moment.date() - timedelta(days=1), moment.date()):
            start = datetime.combine(day, self.start, tzinfo=zone)
            end_day = day if self.start < self.until else day + timedelta(days=1)
            end = datetime.combine(end_day, self.until, tzinfo=zone)
            if from_datetime(start) <= at < from_datetime(end):
                return from_datetime(end)
        return None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person with every address of theirs. ``timezone`` is for the quiet hours; None: that of the alarm's site."""

    name: str
    recipients: tuple[Recipient, ...]
    timezone: str | None = None
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: persons or rotas, and how long to wait for an acknowledgement."""

    tell: tuple[str, ...]
    wait: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps climbed until somebody acknowledges; from the top again after ``repeat`` (None: not again)."""

    name: str
    steps: tuple[Step, ...]
    repeat: int | None


@dataclass(frozen=True, slots=True)
class Route:
    """Which alarms go to which ladder; None matches all. The first route that matches is taken."""

    ladder: str
    site: str | None
    unit: str | None
    condition: str | None
    level: str | None

    def matches(self, alarm: Alarm, place: Place) -> bool:
        """Whether an alarm goes this way; ``unit`` is ``site/unit``, or the unit's name alone."""
        return (
            self.site in (None, place.site)
            and (self.unit is None or (place.unit is not None and self._is_unit(place.unit)))
            and self.condition in (None, alarm.condition.value)
            and self.level in (None, alarm.level)
        )

    def _is_unit(self, unit: str) -> bool:
        return self.unit in (unit, unit.partition("/")[2])


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it. ``always``: who is told of everything, at once and once: a console.

    ``zones`` are those of the sites. An acknowledged alarm that isn't over is told anew after ``rearm_after`` ms.
    """

    contacts: Mapping[str, Contact] = field(default_factory=lambda: MappingProxyType({}))
    rotas: Mapping[str, Rota] = field(default_factory=lambda: MappingProxyType({}))
    ladders: Mapping[str, Ladder] = field(default_factory=lambda: MappingProxyType({}))
    routes: tuple[Route, ...] = ()
    always: tuple[Recipient, ...] = ()
    zones: Mapping[str, ZoneInfo] = field(default_factory=lambda: MappingProxyType({}))
    rearm_after: int | None = None

    def ladder_of(self, alarm: Alarm, place: Place) -> Ladder:
        """The ladder of the first route that matches, else everybody at once. A drill goes to the person that it is
        for, and is an alarm like any other when that person doesn't answer."""
        if alarm.condition is AlarmCondition.DRILL:
            return self._of_drill(alarm, place)
        return self._routed(alarm, place)

    def _of_drill(self, alarm: Alarm, place: Place) -> Ladder:
        usual = self._routed(alarm, place)
        return Ladder("drill", (Step((alarm.subject,), DRILL_WAIT), *usual.steps), usual.repeat)

    def _routed(self, alarm: Alarm, place: Place) -> Ladder:
        for route in self.routes:
            if route.matches(alarm, place):
                return self.ladders[route.ladder]
        return Ladder("everybody", (Step(tuple(self.contacts), 0),), None)

    def unreached(self, place: Place, at: int) -> list[AlarmCondition]:
        """What can be wrong with a unit of which nobody would hear at an instant, on whatever step: no person with an
        address stands on the ladder, nor is on call for it."""
        found = []
        for condition in OF_UNITS:
            alarm = raised("", Truth(condition, place.unit or "", at, LEVEL_OF[condition]), now=at)
            steps = self._routed(alarm, place).steps
            if not any(contact.recipients for step in steps for contact in self.contacts_of(step, at)):
                found.append(condition)
        return found

    def goes_on(self, alarm: Alarm, place: Place) -> bool:
        """Whether a ladder has more to say as time passes: further steps, rounds, hand-overs, ends of quiet hours."""
        ladder = self.ladder_of(alarm, place)
        if ladder.repeat is not None or len(ladder.steps) > 1:
            return True
        named = ladder.steps[0].tell
        quiet = (self.contacts[name].quiet_hours for name in named if name in self.contacts)
        return any(name in self.rotas for name in named) or any(hours is not None for hours in quiet)

    def contacts_of(self, step: Step, at: int) -> Iterator[Contact]:
        """The persons of a step at an instant, each once; a rota stands for whoever is on call then."""
        seen: set[str] = set()
        for name in step.tell:
            rota = self.rotas.get(name)
            person = name if rota is None else rota.on_call(at)
            if person is not None and person not in seen and person in self.contacts:
                seen.add(person)
                yield self.contacts[person]

    def waits_until(self, contact: Contact, alarm: Alarm, place: Place, at: int) -> int | None:
        """Until when a person's quiet hours hold back a warning; None: it is told. Alarms never wait."""
        if contact.quiet_hours is None or alarm.level != "warning":
            return None
        zone = ZoneInfo(contact.timezone) if contact.timezone else self.zones.get(place.site or "")
        return contact.quiet_hours.end_after(at, zone or ZoneInfo("UTC"))

    def recipients(self) -> list[Recipient]:
        """Everyone who is ever told, at each of their addresses."""
        return [*(one for contact in self.contacts.values() for one in contact.recipients), *self.always]
