"""The figures of alarm health, by hand, and that order and doubles change none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.alarm.health import (
    WEEK,
    AlarmRecord,
    Figures,
    Held,
    Page,
    Record,
    figures,
    to_json,
)
from monitor.core.time.instant import DAY, HOUR, MINUTE

START = 1_000 * WEEK
END = START + 4 * WEEK


def alarm(number: int, at: int, **changes: object) -> AlarmRecord:
    """An alarm that was acknowledged after 2 min and over after 5."""
    unit = str(changes.pop("unit", "lab1/F01"))
    usual: dict[str, object] = {"cleared_at": at + 5 * MINUTE, "acknowledged_at": at + 2 * MINUTE}
    return AlarmRecord(
        id=f"a{number}",
        condition=str(changes.pop("condition", "temperature_high")),
        subject=f"{unit}/product",
        unit=unit,
        raised_at=at,
        known_at=at,
        **(usual | changes),  # type: ignore[arg-type]
    )


def shown(*alarms: AlarmRecord, pages: list[Page] | None = None, held: list[Held] | None = None) -> Figures:
    return figures(Record(alarms, pages or [], held or []), start=START, end=END)


def test_a_quiet_month_has_nothing_to_tell() -> None:
    found = shown()
    assert (found.alarms, found.pages, found.pages_by_week) == (0, 0, (0, 0, 0, 0))
    assert found.ack_median_seconds is None
    assert found.top_ten_share is None
    assert found.flood_share == 0


def test_pages_are_counted_a_week_and_for_the_person_told_most() -> None:
    pages = [Page("a1:opened:anna", START + 1, "anna", "lab1/F01")]
    pages += [Page(f"a{n}:opened:ben", END - 1 - n, "ben", "lab1/F01") for n in range(7)]
    found = shown(pages=pages)
    assert found.pages_per_week == 2.0
    assert found.pages_by_week == (1, 0, 0, 7)
    assert found.pages_per_person_week == 7 / 4


def test_a_machine_is_not_the_person_told_most() -> None:
    pages = [Page(f"a{n}:opened:lims", START + n, "lims", "lab1/F01", is_machine=True) for n in range(9)]
    found = shown(pages=[*pages, Page("a1:opened:anna", START + 1, "anna", "lab1/F01")])
    assert found.pages == 10
    assert dict(found.pages_by_person) == {"anna": 1 / 4}
    assert found.pages_per_person_week == 1 / 4
    assert shown(pages=pages).pages_per_person_week == 0


def test_three_within_an_hour_chatter_and_two_do_not() -> None:
    three = [alarm(n, START + n * 30 * MINUTE) for n in range(3)]
    assert shown(*three).chattering == 1
    assert shown(*three[:2]).chattering == 0
    apart = [alarm(n, START + n * 31 * MINUTE) for n in range(3)]
    assert shown(*apart).chattering == 0


def test_three_conditions_within_an_hour_do_not_chatter() -> None:
    kinds = ("temperature_high", "no_data", "door_open")
    assert shown(*(alarm(n, START + n, condition=kind) for n, kind in enumerate(kinds))).chattering == 0


def test_what_is_open_for_over_a_day_is_stale_also_if_it_began_before() -> None:
    day = alarm(1, START, cleared_at=START + DAY)
    longer = alarm(2, START, cleared_at=START + DAY + 1)
    still_open = alarm(3, END - DAY - 1, cleared_at=None)
    before = alarm(4, START - 2 * DAY, cleared_at=START + 1)
    assert shown(day).stale == 0
    assert shown(day, longer, still_open, before).stale == 3


def test_a_flood_lasts_from_the_tenth_alarm_until_fewer_than_five_came_in_ten_minutes() -> None:
    burst = [alarm(n, START + n * MINUTE, unit=f"lab1/F{n}") for n in range(10)]
    # The tenth comes at minute 9. At minute 10 + k the k-th has left: nine minus k remain; four at minute 15.
    assert shown(*burst).flood_share == pytest.approx(6 * MINUTE / (END - START))
    assert shown(*burst[:9]).flood_share == 0


def test_the_time_to_acknowledge_is_a_nearest_rank() -> None:
    waits = [alarm(n, START + n * DAY, acknowledged_at=START + n * DAY + n * MINUTE) for n in range(1, 21)]
    found = shown(*waits)
    assert found.ack_median_seconds == 10 * 60
    assert found.ack_p95_seconds == 19 * 60


def test_children_the_past_and_drills_need_no_acknowledgement() -> None:
    unanswered: dict[str, object] = {"acknowledged_at": None}
    found = shown(
        alarm(1, START, **unanswered),
        alarm(2, START, is_child=True, **unanswered),
        alarm(3, START, is_past=True, **unanswered),
        alarm(4, START, is_drill=True, condition="drill", **unanswered),
    )
    assert found.unacknowledged == 1
    assert found.alarms == 2
    assert (found.drills, found.unanswered_drills) == (1, 1)


def test_a_drill_that_is_still_open_is_not_unanswered_yet() -> None:
    found = shown(alarm(1, END - 1, is_drill=True, acknowledged_at=None, cleared_at=None))
    assert (found.drills, found.unanswered_drills) == (1, 0)


def test_what_is_held_back_twice_at_once_is_counted_once() -> None:
    held = [
        Held("s1", "shelved", "lab1/F01", START - HOUR, START + HOUR),
        Held("s2", "shelved", "lab1/F01", START + 30 * MINUTE, START + 2 * HOUR),
        Held("s3", "shelved", "lab1/F02", START, START + HOUR),
        Held("s4", "suppressed", "lab1/F01", END - HOUR, END + HOUR),
    ]
    assert shown(held=held).held_seconds == {"shelved": 3 * 3600, "suppressed": 3600}


def test_the_ten_worst_sources_have_their_share() -> None:
    alarms = [alarm(n, START + n * DAY, unit=f"lab1/F{n % 11:02}") for n in range(22)]
    found = shown(*alarms)
    assert found.sources == 11
    assert found.top_ten_share == pytest.approx(20 / 22)
    assert shown(*alarms[:10]).top_ten_share is None


def test_a_units_figures_are_of_its_alarms_alone() -> None:
    record = Record([alarm(1, START), alarm(2, START, unit="lab1/F02"), alarm(3, START, unit="lab1/F02")])
    found = to_json(record, start=START, end=END)
    assert {one["unit"]: one["alarms"] for one in found["units"]} == {"lab1/F01": 1, "lab1/F02": 2}
    assert found["total"]["alarms"] == 3
    assert found["top"][0] == {
        "condition": "temperature_high",
        "subject": "lab1/F02/product",
        "alarms": 2,
        "share": pytest.approx(2 / 3, abs=1e-4),
    }


instants = st.integers(START - WEEK, END + WEEK)
maybe = st.none() | instants
alarm_records = st.builds(
    AlarmRecord,
    id=st.uuids().map(str),
    condition=st.sampled_from(("temperature_high", "no_data")),
    subject=st.sampled_from(("lab1/F01/product", "lab1/F02/product", "EXO-1")),
    unit=st.sampled_from(("lab1/F01", "lab1/F02", None)),
    raised_at=instants,
    known_at=instants,
    cleared_at=maybe,
    acknowledged_at=maybe,
    is_child=st.booleans(),
    is_past=st.booleans(),
    is_drill=st.booleans(),
)
page_records = st.builds(
    Page,
    id=st.uuids().map(str),
    at=instants,
    person=st.sampled_from(("anna", "ben")),
    unit=st.sampled_from(("lab1/F01", None)),
)
held_records = st.builds(
    Held,
    id=st.uuids().map(str),
    kind=st.sampled_from(("shelved", "suppressed")),
    unit=st.sampled_from(("lab1/F01", None)),
    from_at=instants,
    to_at=instants,
)
records = st.builds(
    Record,
    st.lists(alarm_records, max_size=30),
    st.lists(page_records, max_size=10),
    st.lists(held_records, max_size=10),
)


@given(record=records, seed=st.integers(0, 2**32))
def test_order_and_doubles_change_no_figure(record: Record, seed: int) -> None:
    chance = random.Random(seed)

    def shuffled(part: object) -> list[object]:
        given_twice = [*part, *part]  # type: ignore[misc]
        chance.shuffle(given_twice)
        return given_twice

    again = Record(shuffled(record.alarms), shuffled(record.pages), shuffled(record.held))  # type: ignore[arg-type]
    assert to_json(record, start=START, end=END) == to_json(again, start=START, end=END)


@given(record=records)
def test_every_figure_is_within_its_bounds(record: Record) -> None:
    found = figures(record, start=START, end=END)
    assert 0 <= found.flood_share <= 1
    assert sum(found.pages_by_week) == found.pages
    assert 0 <= found.unanswered_drills <= found.drills
    assert found.unacknowledged <= found.alarms
    assert all(0 < seconds <= 2 * (END - START) / 1000 for seconds in found.held_seconds.values())
    if found.ack_median_seconds is not None and found.ack_p95_seconds is not None:
        assert found.ack_median_seconds <= found.ack_p95_seconds
