"""Rules tried on the stored history: what they would have done, and that trying them changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import SideRule, Window
from monitor.core.profile.unit import ProbeSettings
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import JSON
from monitor.store.store import Store
from monitor.testing import Rig, one_unit
from tests.rigs.lab import T0, live, lot_event, minutes, register
from tests.rigs.replaying import FAILING, WARMING, history, outcomes, profile, replayed, tighter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


# --- what would have been ---


def test_the_rules_in_force_make_no_difference(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    found = replayed(path, [profile()])
    assert found["summary"] == "With these rules nothing would have been different: 1 excursion, 1 lot."
    assert outcomes(found["excursions"]) == {"unchanged": 1}
    assert outcomes(found["alarms"]) == {"unchanged": 1}
    assert outcomes(found["lots"]) == {"unchanged": 1}
    assert found["warnings"] == []
    assert found["readings"] == len(WARMING) + len(FAILING)


def test_a_tighter_window_finds_new_excursions_and_breached_lots(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    found = replayed(path, [profile(), tighter()])
    assert outcomes(found["excursions"]) == {"new": 1, "changed": 1}
    new, changed = found["excursions"]["differences"]
    assert new["would_be"]["extreme_celsius"] == -63.0
    assert new["would_be"]["confirmed_by"] == "delay"
    assert new["was"] is None
    assert changed["id"].startswith("x")
    assert {"started_at", "ended_at", "seconds_by_band"} <= set(changed["changed"])
    assert "extreme_celsius" not in changed["changed"]
    (lot,) = found["lots"]["differences"]
    assert (lot["was"]["verdict"], lot["would_be"]["verdict"]) == ("within_profile", "breached")
    assert [reason["code"] for reason in lot["reasons_more"]][:1] == ["budget_exhausted"]
    conditions = {(alarm["condition"], alarm["outcome"]) for alarm in found["alarms"]["differences"]}
    assert {("temperature_high", "new"), ("lot_breached", "new")} <= conditions
    assert "1 excursion more would have been confirmed" in found["summary"]
    assert "1 lot would be breached that is not" in found["summary"]


def test_a_longer_delay_confirms_less_and_raises_fewer_alarms(path: Path) -> None:
    history(path, FAILING).close()
    slow = SideRule(2 * HOUR, 5 * MINUTE, None, None)
    found = replayed(path, [profile(version=2, high=slow)])
    (one,) = found["excursions"]["differences"]
    assert one["changed"] == ["confirmed_at", "confirmed_by"]
    assert "1 excursion that was confirmed would not have been" in found["summary"]
    gone = [alarm for alarm in found["alarms"]["differences"] if alarm["condition"] == "temperature_high"]
    assert [alarm["outcome"] for alarm in gone] == ["gone"]
    assert gone[0]["id"].startswith("a")


def test_a_probe_whose_alarms_are_off_would_have_raised_none(path: Path) -> None:
    history(path, FAILING).close()
    unit = one_unit().units["lab1/F01"]
    quiet = replace(unit, probes=(replace(unit.probes[0], alarms=False),))
    installation = Installation({quiet.path: quiet}, one_unit().zones)
    found = replayed(path, [profile()], installation=installation)
    assert outcomes(found["excursions"]) == {"unchanged": 1}
    assert outcomes(found["alarms"])["gone"] == 1


def test_another_offset_of_a_probe_is_tried_on_all_of_the_past(path: Path) -> None:
    history(path, WARMING).close()
    found = replayed(path, [profile()], installation=one_unit(ProbeSettings(offset=5.0)))
    assert outcomes(found["excursions"]) == {"new": 1}
    assert found["excursions"]["differences"][0]["would_be"]["extreme_celsius"] == -58.0


def test_an_alternative_place_for_a_lot_judges_it_by_the_class_that_is_tried(path: Path) -> None:
    history(path, FAILING).close()
    unit = replace(one_unit().units["lab1/F01"], profile="warmer")
    installation = Installation({unit.path: unit}, one_unit().zones)
    lax = profile(name="warmer", window=Window(-90.0, -20.0))
    found = replayed(path, [profile(), lax], installation=installation)
    assert outcomes(found["excursions"]) == {"gone": 1}
    assert outcomes(found["lots"]) == {"unchanged": 1}  # judged by its own profile, wherever it stands


def test_a_part_of_another_excursion_is_not_told_as_gone(path: Path) -> None:
    twice = FAILING[:-30] + [-80.0] * 8 + FAILING[1:]
    history(path, twice).close()
    slow = SideRule(10 * MINUTE, HOUR, -40.0, None)
    found = replayed(path, [profile(version=2, high=slow)])
    assert outcomes(found["excursions"]) == {"changed": 1, "merged": 1}
    assert "1 excursion would have been part of another" in found["summary"]
    assert "confirmed" not in found["summary"]


# --- which rules hold when ---


def test_a_version_that_begins_now_is_tried_on_the_past_unless_its_date_counts(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    later = tighter(effective_from=T0 + 3 * HOUR)
    assert outcomes(replayed(path, [profile(), later])["excursions"]) == {"new": 1, "changed": 1}
    dated = replayed(path, [profile(), later], as_dated=True)
    assert outcomes(dated["excursions"]) == {"changed": 1}
    assert outcomes(dated["lots"]) == {"unchanged": 1}  # registered before: the version of that day judges it


def test_what_was_is_judged_by_the_versions_that_were_in_force(path: Path) -> None:
    history(path, WARMING).close()
    rig = Rig(path, now=T0 + 3 * HOUR, profiles=[profile(), tighter(effective_from=T0 + 3 * HOUR)])
    live(rig, minutes(WARMING, T0 + 6 * HOUR))
    rig.close()
    found = replayed(path, [profile(), tighter(effective_from=T0 + 3 * HOUR)])
    assert outcomes(found["excursions"]) == {"unchanged": 1, "new": 1}
    assert found["warnings"] == []
    dated = replayed(path, [profile(), tighter(effective_from=T0 + 3 * HOUR)], as_dated=True)
    assert outcomes(dated["excursions"]) == {"unchanged": 1}
    assert outcomes(dated["lots"]) == {"unchanged": 1}


def test_a_version_on_record_that_is_edited_is_tried_where_it_held(path: Path) -> None:
    history(path, WARMING).close()
    for as_dated in (False, True):
        found = replayed(path, [tighter(version=1)], as_dated=as_dated)
        assert outcomes(found["excursions"]) == {"new": 1}


def test_a_lot_stays_bound_to_the_version_that_qa_chose(path: Path) -> None:
    rig = Rig(path, now=T0, profiles=[profile(), tighter(effective_from=T0 + 50 * DAY)])
    rig.writer.lot_event(register())
    live(rig, minutes(WARMING))
    rig.writer.lot_event(lot_event("b1", "bound", rig.clock.now(), profile="ult@2", reason="study 7"))
    rig.close()
    for files in ([profile()], [profile(), profile(version=3)]):  # the store has version 2
        assert outcomes(replayed(path, files)["lots"]) == {"unchanged": 1}
    edited = replayed(path, [profile(), profile(version=2), tighter(version=3)])
    (lot,) = edited["lots"]["differences"]
    assert (lot["was"]["verdict"], lot["would_be"]["verdict"]) == ("breached", "within_profile")
    assert lot["would_be"]["profile"] == "ult@2"


def test_a_profile_that_lots_carry_and_the_rules_lack_is_named_with_the_remedy(path: Path) -> None:
    history(path, WARMING).close()
    unit = replace(one_unit().units["lab1/F01"], profile="ult-new")
    installation = Installation({unit.path: unit}, one_unit().zones)
    with pytest.raises(ValueError, match=r"'ult' \(1 lot\)\. Put their files back into profiles/"):
        replayed(path, [profile(name="ult-new")], installation=installation)


def test_a_lot_disposed_of_before_the_time_asked_for_is_left_out(path: Path) -> None:
    rig = history(path, WARMING)
    rig.writer.lot_event(lot_event("d1", "disposed", rig.clock.now()))
    disposed_at = rig.clock.now()
    rig.close()
    assert outcomes(replayed(path, [tighter()], start=disposed_at)["lots"]) == {"changed": 1}
    after = replayed(path, [tighter(name="other")], start=disposed_at + 1, installation=_judged_by("other"))
    assert outcomes(after["lots"]) == {}


def _judged_by(name: str) -> Installation:
    unit = replace(one_unit().units["lab1/F01"], profile=name)
    return Installation({unit.path: unit}, one_unit().zones)


# --- from and to ---


def test_only_what_touches_the_time_is_shown_and_all_of_it_is_folded(path: Path) -> None:
    history(path, WARMING, FAILING).close()
    everything = replayed(path, [tighter()])
    first, second = everything["excursions"]["differences"]
    ended_at = T0 + _minute_of_return(first) * MINUTE
    for start, expected in ((ended_at, {"new": 1, "changed": 1}), (ended_at + MINUTE, {"changed": 1})):
        assert outcomes(replayed(path, [tighter()], start=start)["excursions"]) == expected
    late = replayed(path, [tighter()], start=ended_at + MINUTE)
    assert late["excursions"]["differences"] == [second]
    assert late["lots"] == everything["lots"]  # over the whole timeline, whatever is shown


def _minute_of_return(excursion: JSON) -> int:
    """The whole minute in which an excursion of the first course ended."""
    return (
        next(n for n in range(200) if format_instant(T0 + n * MINUTE) > excursion["would_be"]["ended_at"]) - 1
    )


def test_nothing_after_to_is_known(path: Path) -> None:
    history(path, FAILING).close()
    middle = T0 + 20 * MINUTE
    found = replayed(
        path, [profile(version=2, high=SideRule(5 * MINUTE, 5 * MINUTE, None, None))], end=middle
    )
    (one,) = found["excursions"]["differences"]
    assert one["was"]["closed_at"] is None
    assert one["changed"] == ["confirmed_at"]
    assert found["readings"] == 21
    (lot,) = found["lots"]["differences"] or [None]
    assert lot is None or lot["was"]["verdict"] == "at_risk"
    assert outcomes(replayed(path, [tighter()], end=T0 - 1)["excursions"]) == {}


def test_a_record_that_its_own_rules_do_not_give_is_warned_of(path: Path) -> None:
    rig = history(path, FAILING)
    rig.close()
    store = Store(f"sqlite:///{path}")
    store.open_for_writing()
    with store.writing() as tx:
        (fact,) = store.facts.current(tx, "excursion")
        body = {**fact.body, "confirmed_at": None}
        store.facts.record(tx, fact._replace(version=fact.version + 1, body=body), "by hand")
        lot = store.facts.one(tx, "lot", "L1")
        assert lot is not None
        reasons = [{"code": "expired", "text": "", "evidence": {}}]
        store.facts.record(
            tx, lot._replace(version=lot.version + 1, body={**lot.body, "reasons": reasons}), "by hand"
        )
    store.close()
    found = replayed(path, [profile()])
    assert len(found["warnings"]) == 2
    assert "lab1/F01/product" in found["warnings"][0]
    assert "L1" in found["warnings"][1]
    assert "nothing would have been different" in found["summary"]
