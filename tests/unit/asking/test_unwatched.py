"""Who is not being watched now, each with the reason: on a real writer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.reading import Reading
from monitor.core.telling.policy import OF_UNITS, Contact, Ladder, Place, Policy, Recipient, Route, Step
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports.commands import Suppress
from monitor.testing import Writer, one_unit
from tests.rigs.lab import T0, WARM, live, minutes

ANNA = Contact("anna", (Recipient("anna", "mail", "anna@lab.example"),))
NOBODYS = Contact("ben", ())
PRODUCT = "lab1/F01/product"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def opened(path: Path, **given: object) -> Writer:
    return Writer(path, now=T0, **given)  # type: ignore[arg-type]


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = opened(path)
    yield made
    made.close()


def reasons(writer: Writer) -> list[tuple[str, str]]:
    return [(one["subject"], one["reason"]) for one in writer.view.unwatched()]


def test_a_channel_that_was_never_heard_is_silent_and_one_that_is_well_is_watched(writer: Writer) -> None:
    assert reasons(writer) == [(PRODUCT, "silent")]
    live(writer, minutes([-80.0]))
    assert reasons(writer) == []


def test_a_warm_channel_that_goes_silent_is_not_watched_though_its_alarm_is_open(writer: Writer) -> None:
    live(writer, minutes(WARM[:15]))
    assert reasons(writer) == []
    for _ in range(30):
        writer.clock.advance(2 * MINUTE)
        writer.monitor.tick(writer.clock.now(), T0)
    assert writer.view.units()[0]["state"] == "excursion"
    assert reasons(writer) == [(PRODUCT, "silent")]


def test_a_warm_probe_that_breaks_is_faulty(writer: Writer) -> None:
    live(writer, minutes(WARM[:15]))
    at = T0 + 16 * MINUTE
    live(writer, [Reading(at, at, None, fault="open_circuit")])
    assert (PRODUCT, "faulty") in reasons(writer)


def test_what_is_held_back_says_by_whom_until_when_and_only_as_long_as_it_holds(writer: Writer) -> None:
    live(writer, minutes([-80.0]))
    now = writer.clock.now()
    for kind, start in (("suppressed", now), ("out_of_service", now + HOUR)):
        writer.monitor.parts.operators.carry_out(
            Suppress(
                subject="lab1/F01",
                kind=kind,
                by="anna",
                reason="service",
                start=start,
                until=now + 90 * MINUTE,
            )
        )  # type: ignore[arg-type]
    assert reasons(writer) == [("lab1/F01", "suppressed")]
    assert "anna" in writer.view.unwatched()[0]["text"]
    writer.clock.advance(80 * MINUTE)
    assert sorted(reasons(writer)) == [("lab1/F01", "out_of_service"), ("lab1/F01", "suppressed")]
    writer.clock.advance(DAY)
    assert reasons(writer) == []


def test_a_probe_is_uncalibrated_from_the_end_of_its_day_on(path: Path) -> None:
    from dataclasses import replace

    installation = one_unit()
    unit = installation.units["lab1/F01"]
    due = replace(unit, probes=(replace(unit.probes[0], calibration_due=date(2026, 11, 20)),))
    writer = opened(path, installation=replace(installation, units={"lab1/F01": due}))
    live(writer, minutes([-80.0]))
    assert reasons(writer) == []
    writer.clock.at = T0 + 15 * HOUR  # midnight in Berlin
    assert (PRODUCT, "uncalibrated") in reasons(writer)
    writer.close()


@pytest.mark.parametrize(
    ("policy", "unheard"),
    [
        (Policy(contacts={"anna": ANNA}), ()),
        (Policy(contacts={"ben": NOBODYS}), OF_UNITS),
        (
            Policy(
                contacts={"anna": ANNA, "ben": NOBODYS},
                ladders={"bens": Ladder("bens", (Step(("ben",), 0),), None)},
                routes=(Route("bens", None, "F01", "no_data", None),),
            ),
            (AlarmCondition.NO_DATA,),
        ),
        (
            Policy(
                contacts={"anna": ANNA, "ben": NOBODYS},
                ladders={"both": Ladder("both", (Step(("ben",), 0), Step(("anna",), 5)), None)},
                routes=(Route("both", None, None, None, None),),
            ),
            (),
        ),
    ],
)
def test_a_unit_is_without_a_recipient_if_no_step_reaches_a_person_with_an_address(
    path: Path, policy: Policy, unheard: tuple[AlarmCondition, ...]
) -> None:
    assert tuple(policy.unreached(Place("lab1", "lab1/F01"), T0)) == unheard
    writer = opened(path, policy=policy)
    live(writer, minutes([-80.0]))
    assert reasons(writer) == ([("lab1/F01", "without_recipient")] if unheard else [])
    for condition in unheard:
        assert condition.value.replace("_", " ") in writer.view.unwatched()[0]["text"]
    writer.close()
