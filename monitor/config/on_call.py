"""Whether somebody is on call at all times, and whether each route can be taken. Pure: the instant is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from zoneinfo import ZoneInfo

from monitor.config.file.problem import Problem, Review
from monitor.core.alarm.condition import LEVELS
from monitor.core.telling.policy import Ladder, Route
from monitor.core.telling.rota import Rota
from monitor.core.time.instant import DAY, format_local

FILE = "people.toml"
LOOK_AHEAD = 90 * DAY
"""How far ahead a time without anybody on call is a mistake."""
_SOMEBODY = "somebody at all times: an earlier first_week, or an override until then"


def nobody_on_call(rotas: Sequence[Rota], ladders: Sequence[Ladder], now: int) -> list[Problem]:
    """The rotas with a time, from ``now`` until :data:`LOOK_AHEAD` later, in which nobody is on call, and the steps of
    ladders that lead to nobody then."""
    end = now + LOOK_AHEAD
    problems = []
    for rota in rotas:
        gap = rota.first_gap(now, end)
        if gap is not None:
            since = format_local(gap, ZoneInfo(rota.timezone))
            problems.append(Problem(FILE, f"rota[{rota.name}]", f"nobody on call from {since}", _SOMEBODY))
    by_name = {rota.name: rota for rota in rotas}
    for ladder in ladders:
        for index, step in enumerate(ladder.steps):
            at = _leads_to_nobody(step.tell, by_name, now, end)
            if at is not None:
                where = f"ladder[{ladder.name}].step[{index}].tell"
                since = format_local(at, ZoneInfo(by_name[step.tell[0]].timezone))
                expected = "a person beside the rota, or a rota on which there is always somebody"
                problems.append(Problem(FILE, where, f"a step that leads to nobody from {since}", expected))
    return problems


def _leads_to_nobody(names: Sequence[str], rotas: Mapping[str, Rota], start: int, end: int) -> int | None:
    """The first instant at which no name of a step stands for a person; None if one always does."""
    if not all(name in rotas for name in names):
        return None
    at = start
    while at < end:
        if all(rotas[name].on_call(at) is None for name in names):
            return at
        at = min(rotas[name].handover_after(at) for name in names)
    return None


def doubt_routes(routes: Sequence[Route], review: Review) -> None:
    """Warns of each route that can never be taken, because an earlier one matches all that it does."""
    shadowed = set()
    for (first, before), (second, route) in combinations(enumerate(routes), 2):
        if second not in shadowed and _covers(before, route):
            shadowed.add(second)
            review.warn(
                FILE,
                f"route[{second}] is never taken: route[{first}] before it matches all that it would; "
                "put the narrower one first",
            )


def doubt_the_rest(routes: Sequence[Route], people: Sequence[str], review: Review) -> None:
    """Says who is told of what no route takes, where there is such a thing."""
    rest = [route for route in routes if (route.site, route.unit, route.condition) == (None, None, None)]
    if (
        not people
        or {None} <= {route.level for route in rest}
        or set(LEVELS) <= {route.level for route in rest}
    ):
        return
    everybody = f"told to everybody at once ({', '.join(people)})"
    if routes:
        remedy = "a last [[route]] with nothing but its ladder would take it"
        review.warn(FILE, f"what no [[route]] takes is {everybody}; {remedy}")
    else:
        review.warn(FILE, f"there is no [[route]]: everything is {everybody}")


def _covers(before: Route, route: Route) -> bool:
    """Whether whatever matches ``route`` matches the one before it."""
    site, _, unit = (route.unit or "").rpartition("/")
    sites, units = (route.site or site or None,), (route.unit, unit or None)
    return (
        (before.site is None or before.site in sites)
        and (before.unit is None or before.unit in units)
        and before.condition in (None, route.condition)
        and before.level in (None, route.level)
    )
