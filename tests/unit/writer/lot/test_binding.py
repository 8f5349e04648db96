"""QA binds a lot to another profile version, and which version judges what; with the real writer on a real store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.profile.profile import Band, Profile, Window
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports.commands import BindProfile
from monitor.program.commands import binding
from monitor.testing import Rig, ult_profile
from monitor.wire.v1 import LotEventTopic, RejectedError, decode_lot_event
from tests.rigs.lab import T0, WARM, live, lot_event, minutes, register

STRICT = ult_profile(
    bands=(
        Band("warm", -60.0, -40.0, 5 * MINUTE),
        Band("warmer", -40.0, None, None),
        Band("cold", None, -90.0, None),
    )
)
LENIENT = replace(
    STRICT,
    version=2,
    effective_from=T0 + 900 * DAY,
    bands=(Band("warm", -60.0, -40.0, DAY), *STRICT.bands[1:]),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def rig(path: Path) -> Rig:
    """A lot that has used up the budget of the strict version, and two hours have gone by."""
    made = Rig(path, now=T0, profiles=[STRICT, LENIENT])
    made.writer.lot_event(register())
    live(made, minutes(WARM))
    made.clock.at = T0 + 2 * HOUR
    return made


def bind(rig: Rig, profile: str = "ult@2", lot: str = "L1", reason: str = "study S-12") -> str:
    command = BindProfile(lot=lot, profile=profile, reason=reason, by="QA, R. Lindqvist")
    event = binding(rig.view, command)
    return rig.writer.lot_event(event)


def judged(rig: Rig, as_of: int | None = None) -> tuple[str, int]:
    lot = rig.view.lot("L1", as_of=as_of)
    assert lot is not None
    return lot["verdict"], lot["profile_version"]


def test_a_bound_lot_is_judged_by_that_version_over_its_whole_timeline_from_then_on(rig: Rig) -> None:
    bound_at = rig.clock.at
    assert judged(rig) == ("breached", 1)
    spent = rig.view.lot("L1")["budgets"][0]["spent_seconds"]
    assert bind(rig) == "recorded"
    rig.clock.advance(HOUR)
    assert judged(rig) == ("within_profile", 2)
    assert judged(rig, bound_at) == ("within_profile", 2)
    assert judged(rig, bound_at - 1) == ("breached", 1)
    budget = rig.view.lot("L1")["budgets"][0]
    assert (budget["spent_seconds"], budget["limit_seconds"]) == (spent, 86_400.0)
    rig.close()


def test_who_bound_a_lot_when_and_why_is_kept_in_the_log_and_shown(rig: Rig) -> None:
    bind(rig)
    bound = rig.view.lot("L1")["profile_bound"]
    assert {key: bound[key] for key in ("profile", "by", "reason", "at")} == {
        "profile": "ult@2",
        "by": "QA, R. Lindqvist",
        "reason": "study S-12",
        "at": format_instant(rig.clock.at),
    }
    with rig.store.reading() as tx:
        kept = rig.store.log.events(tx, "lot", subject="L1")[-1]
    assert (kept["kind"], kept["event_id"], kept["site"]) == ("bound", bound["event_id"], "lab1")
    rig.close()


def test_a_binding_ends_the_alarm_that_no_longer_holds_and_survives_a_restart(rig: Rig, path: Path) -> None:
    def open_now() -> list[str]:
        return [alarm["condition"] for alarm in rig.view.alarms(open_only=True)]

    assert "lot_breached" in open_now()
    bind(rig)
    assert "lot_breached" not in open_now()
    rig.kill()
    rig = Rig(path, now=T0 + 3 * HOUR, profiles=[STRICT, LENIENT])
    assert judged(rig) == ("within_profile", 2)
    assert "lot_breached" not in open_now()
    rig.close()


def test_a_lot_can_be_bound_back_and_a_binding_can_be_voided(rig: Rig) -> None:
    bind(rig)
    rig.clock.advance(MINUTE)
    bind(rig, "ult@1")
    assert judged(rig) == ("breached", 1)
    last = rig.view.lot("L1")["profile_bound"]["event_id"]
    rig.clock.advance(MINUTE)
    void = lot_event("v1", "voided", rig.clock.at, voids=last, reason="wrong lot")
    rig.writer.lot_event(void)
    assert judged(rig) == ("within_profile", 2)
    rig.close()


def test_an_aliquot_keeps_its_parents_binding_up_to_then_and_no_later_one(rig: Rig) -> None:
    bind(rig)
    rig.clock.advance(MINUTE)
    rig.writer.lot_event(lot_event("a1", "aliquoted", rig.clock.at, into=("L1-A",)))
    rig.clock.advance(MINUTE)
    bind(rig, "ult@1")
    assert rig.view.lot("L1-A")["profile_version"] == 2
    rig.clock.advance(MINUTE)
    bind(rig, "ult@1", lot="L1-A")
    assert rig.view.lot("L1-A")["profile_version"] == 1
    rig.close()


@pytest.mark.parametrize(
    ("lot", "profile", "reason", "said"),
    [
        ("L1", "ult@3", "x", "no profile version 'ult@3'; write one of ult@1, ult@2"),
        ("L1", "ult", "x", "no profile version 'ult'; write one of ult@1, ult@2"),
        ("L1", "ult@02", "x", "no profile version 'ult@02'"),
        ("L1", "ult@2", " \t", "a binding needs 'reason'"),
        ("L1", "ult@2", "a\0b", "NUL"),
        ("L1", "ult@1", "x", "judged by ult@1 already"),
    ],
)
def test_a_binding_that_makes_no_sense_is_refused_in_words_and_changes_nothing(
    rig: Rig, lot: str, profile: str, reason: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        bind(rig, profile, lot, reason)
    assert rig.view.lot("L1")["profile_bound"] is None
    rig.close()


def test_a_lot_that_is_not_there_cannot_be_bound(rig: Rig) -> None:
    with pytest.raises(LookupError, match="there is no lot 'L9'"):
        bind(rig, lot="L9")
    rig.close()


def test_the_same_binding_twice_a_disposed_lot_and_a_clock_set_back_are_refused(rig: Rig) -> None:
    bind(rig)
    with pytest.raises(ValueError, match="judged by ult@2 already"):
        bind(rig)
    rig.clock.advance(-MINUTE)
    with pytest.raises(ValueError, match="is later than now"):
        bind(rig)
    rig.clock.advance(HOUR)
    rig.writer.lot_event(lot_event("d1", "disposed", rig.clock.at))
    rig.clock.advance(MINUTE)
    with pytest.raises(ValueError, match="was disposed of"):
        bind(rig, "ult@1")
    rig.close()


def test_no_message_can_bind_a_lot() -> None:
    event = {
        "event_id": "e1",
        "occurred_at": T0,
        "kind": "bound",
        "by": "LIMS",
        "profile": "ult@2",
        "reason": "x",
    }
    with pytest.raises(RejectedError, match="not by a message"):
        decode_lot_event(json.dumps(event).encode(), LotEventTopic("lab1", "L1"))


# --- which version judges what ---


def narrower(version: int, effective_from: int) -> Profile:
    return ult_profile(version=version, effective_from=effective_from, window=Window(-90.0, -70.0))


def test_a_new_version_judges_a_channel_from_its_effective_from_and_never_backwards(path: Path) -> None:
    rig = Rig(path, now=T0, profiles=[ult_profile()])
    live(rig, minutes([-65.0] * 10))
    rig.close()
    late = T0 + HOUR
    rig = Rig(path, now=T0 + 10 * MINUTE, profiles=[ult_profile(), narrower(2, late)])
    live(rig, minutes([-65.0] * 110, start=T0 + 10 * MINUTE))
    (found,) = rig.view.excursions()
    assert (found["started_at"], found["profile_version"]) == (format_instant(late), 2)
    rig.close()
    # Loaded later than its effective_from: from the moment it was loaded.
    wider = ult_profile(version=3, effective_from=late)
    rig = Rig(path, now=T0 + 2 * HOUR, profiles=[ult_profile(), narrower(2, late), wider])
    assert rig.rules["lab1/F01/product"].profiles[-1][0] == T0 + 2 * HOUR
    rig.close()


def test_a_lot_keeps_the_version_that_was_in_force_when_it_was_registered(path: Path) -> None:
    rig = Rig(path, now=T0, profiles=[STRICT])
    rig.writer.lot_event(register("L1"))
    rig.close()
    newer = replace(LENIENT, effective_from=T0 + HOUR)
    rig = Rig(path, now=T0 + 2 * HOUR, profiles=[STRICT, newer])
    rig.writer.lot_event(register("L2", at=T0 + 2 * HOUR))
    rig.writer.lot_event(register("L3", at=T0 + 30 * MINUTE))
    versions = {name: rig.view.lot(name)["profile_version"] for name in ("L1", "L2", "L3")}
    # The new version was loaded two hours in: it was not in force before.
    assert versions == {"L1": 1, "L2": 2, "L3": 1}
    rig.close()
