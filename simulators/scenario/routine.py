"""What goes on in a laboratory every day and is no failure: doors opened in working hours, goods put in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from simulators.clock import DAY, HOUR, MINUTE, SECOND
from simulators.happening import Happening, HappeningKind

WORK_FROM, WORK_UNTIL = 7 * HOUR, 17 * HOUR
"""Working hours in UTC; on Saturdays and Sundays a tenth of a day's work is done."""
WEEKEND_SHARE = 0.1


def doors(
    unit: str,
    random: Random,
    *,
    start_at: int,
    end_at: int,
    per_day: float,
    open_for: tuple[int, int],
    told: bool = True,
) -> Iterator[Happening]:
    """A unit's door opened ``per_day`` times on a working day, each time for between the two durations (ms).

    One opening never begins before the one before has ended by a minute. ``told``: whether a contact reports it.
    """
    for opened_at, closed_at in _spans(random, start_at, end_at, per_day, open_for):
        yield Happening(at=opened_at, kind=HappeningKind.DOOR_OPENED, target=unit, told=told)
        yield Happening(at=closed_at, kind=HappeningKind.DOOR_CLOSED, target=unit, told=told)


def goods(
    unit: str,
    random: Random,
    *,
    start_at: int,
    end_at: int,
    per_day: float,
    share: tuple[float, float],
    told: bool = True,
) -> Iterator[Happening]:
    """Goods at room temperature put into a unit, each time a part of its load between the two shares: the door stands
    open for one to three minutes, and they lie in it half way. ``told``: whether a contact reports the door."""
    for opened_at, closed_at in _spans(random, start_at, end_at, per_day, (MINUTE, 3 * MINUTE)):
        yield Happening(at=opened_at, kind=HappeningKind.DOOR_OPENED, target=unit, told=told)
        yield Happening(
            at=(opened_at + closed_at) // 2,
            kind=HappeningKind.GOODS_LOADED,
            target=unit,
            share=round(random.uniform(*share), 3),
        )
        yield Happening(at=closed_at, kind=HappeningKind.DOOR_CLOSED, target=unit, told=told)


def _spans(
    random: Random, start_at: int, end_at: int, per_day: float, open_for: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Spans of working time, wholly between two instants, a minute apart at least."""
    free_from = start_at
    for day in range(start_at - start_at % DAY, end_at, DAY):
        weekend = datetime.fromtimestamp(day / SECOND, tz=UTC).weekday() >= 5
        mean = per_day * (WEEKEND_SHARE if weekend else 1.0)
        number = int(mean) + (random.random() < mean % 1)
        for at in sorted(day + random.randrange(WORK_FROM, WORK_UNTIL) for _ in range(number)):
            until = at + random.randrange(open_for[0], open_for[1] + 1)
            if at >= free_from and until <= end_at:
                yield at, until
                free_from = until + MINUTE
