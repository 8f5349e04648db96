"""Who is not being watched now, each with the reason: on a real writer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from monitor.core.alarm.aside import judging_part
from monitor.core.alarm.condition import AlarmCondition
from monitor.core.channel.reading import Reading
from monitor.core.telling.policy import OF_UNITS, Contact, Ladder, Place, Policy, Recipient, Route, Step
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports.commands import Suppress
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0, WARM, live, minutes, register

ANNA = Contact("anna", (Recipient("anna", "mail", "anna@lab.example"),))
NOBODYS = Contact("ben", ())
PRODUCT = "lab1/F01/product"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def opened(path: Path, **given: object) -> Rig:
    return Rig(path, now=T0, **given)  # type: ignore[arg-type]


@pytest.fixture
def rig(path: Path) -> Iterator[Rig]:
    made = opened(path)
    yield made
    made.close()


def reasons(rig: Rig) -> list[tuple[str, str]]:
    return [(one["subject"], one["reason"]) for one in rig.view.unwatched()]


def test_a_channel_that_was_never_heard_is_silent_and_one_that_is_well_is_watched(rig: Rig) -> None:
    assert reasons(rig) == [(PRODUCT, "silent")]
    live(rig, minutes([-80.0]))
    assert reasons(rig) == []


def test_a_warm_channel_that_goes_silent_is_not_watched_though_its_alarm_is_open(rig: Rig) -> None:
    live(rig, minutes(WARM[:15]))
    assert reasons(rig) == []
    for _ in range(30):
        rig.clock.advance(2 * MINUTE)
        rig.writer.tick(rig.clock.now(), T0)
    assert rig.view.units()[0]["state"] == "excursion"
    assert reasons(rig) == [(PRODUCT, "silent")]


def test_a_warm_probe_that_breaks_is_faulty(rig: Rig) -> None:
    live(rig, minutes(WARM[:15]))
    at = T0 + 16 * MINUTE
    live(rig, [Reading(at, at, None, fault="open_circuit")])
    assert (PRODUCT, "faulty") in reasons(rig)


def test_what_is_held_back_says_by_whom_until_when_and_only_as_long_as_it_holds(rig: Rig) -> None:
    live(rig, minutes([-80.0]))
    now = rig.clock.now()
    for kind, start in (("suppressed", now), ("out_of_service", now + HOUR)):
        rig.writer.parts.operators.carry_out(
            Suppress(
                subject="lab1/F01",
                kind=kind,
                by="anna",
                reason="service",
                start=start,
                until=now + 90 * MINUTE,
            )
        )  # type: ignore[arg-type]
    assert reasons(rig) == [("lab1/F01", "suppressed")]
    assert "anna" in rig.view.unwatched()[0]["text"]
    rig.clock.advance(80 * MINUTE)
    assert sorted(reasons(rig)) == [("lab1/F01", "out_of_service"), ("lab1/F01", "suppressed")]
    rig.clock.advance(DAY)
    assert reasons(rig) == []


def test_a_probe_is_uncalibrated_from_the_end_of_its_day_on(path: Path) -> None:
    from dataclasses import replace

    installation = one_unit()
    unit = installation.units["lab1/F01"]
    due = replace(unit, probes=(replace(unit.probes[0], calibration_due=date(2026, 11, 20)),))
    rig = opened(path, installation=replace(installation, units={"lab1/F01": due}))
    live(rig, minutes([-80.0]))
    assert reasons(rig) == []
    rig.clock.at = T0 + 15 * HOUR  # midnight in Berlin
    assert (PRODUCT, "uncalibrated") in reasons(rig)
    rig.close()


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
    rig = opened(path, policy=policy)
    live(rig, minutes([-80.0]))
    assert reasons(rig) == ([("lab1/F01", "without_recipient")] if unheard else [])
    for condition in unheard:
        assert condition.value.replace("_", " ") in rig.view.unwatched()[0]["text"]
    rig.close()


def test_what_nobody_judges_says_since_when_and_what_to_do_until_it_works_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.writer.lot_event(register())
    live(rig, minutes([-80.0]))
    assert reasons(rig) == []
    with monkeypatch.context() as patch:
        patch.setattr("monitor.writer.channel.judge.advance", broken)
        patch.setattr("monitor.writer.channel.judge.fold", broken)
        patch.setattr("monitor.writer.channel.checkpoints.fold", broken)
        live(rig, minutes([-79.0, -78.0], start=T0 + MINUTE))
        patch.setattr("monitor.writer.lot.lots.Lots.judge", broken)
        rig.writer.parts.lot_queue.put(["L1"], "asked")
        rig.writer.tick(rig.clock.now(), T0)
        assert reasons(rig) == [(PRODUCT, "judging_failed"), ("L1", "judging_failed")]
        of_channel, of_lot = rig.view.unwatched()
        since = "2026-11-20 09:01 +01:00"
        assert of_channel["text"] == (
            f"{PRODUCT}: nobody has judged it since {since}: ValueError: a bug. Read its temperature off the unit "
            "itself, every hour, and send this to whoever looks after the program"
        )
        assert of_channel["since"] == "2026-11-20T08:01:00.000Z"
        assert of_lot["text"].startswith("L1: nobody has judged it since 2026-11-20 09:02 +01:00: ")
        assert "Decide nothing by its verdict" in of_lot["text"]
        part = judging_part(rig.writer.set_aside())
        assert not part["ok"]
        assert part["text"] == f"2 parts fail and are set aside: judging of {PRODUCT}, lot of L1"
        assert [(one["work"], one["subject"]) for one in part["aside"]] == [
            ("judging", PRODUCT),
            ("lot", "L1"),
        ]
        assert part["aside"][0]["since"] == "2026-11-20T08:01:00.000Z"
        assert part["aside"][0]["error"] == "ValueError: a bug"
    rig.clock.advance(HOUR)
    rig.writer.tick(rig.clock.now(), T0)
    assert "judging_failed" not in {reason for _, reason in reasons(rig)}
    assert judging_part(rig.writer.set_aside()) == {"ok": True, "text": "nothing is set aside", "aside": []}


def broken(*args: object, **named: object) -> None:
    raise ValueError("a bug")


def test_of_what_fails_in_two_ways_it_is_said_once_that_it_is_not_watched(rig: Rig) -> None:
    live(rig, minutes([-80.0]))
    with rig.writer.parts.turns.turn() as turn:
        for work in ("sign", "silence"):
            rig.writer.parts.asides.put(turn, work, PRODUCT, ValueError(work))
    assert reasons(rig) == [(PRODUCT, "judging_failed")]
    assert len(rig.writer.set_aside()) == 2


def test_a_restarted_program_and_a_command_without_one_know_what_is_set_aside(path: Path) -> None:
    before = opened(path)
    live(before, minutes([-80.0]))
    with before.writer.parts.turns.turn() as turn:
        before.writer.parts.asides.put(turn, "telling", "a7", ValueError("no words"))
    before.kill()
    after = opened(path)
    assert ("a7", "judging_failed") in reasons(after)
    assert "Tell people of it yourself" in after.view.unwatched()[0]["text"]
    assert [aside.subject for aside in after.writer.set_aside()] == ["a7"]
    after.close()
