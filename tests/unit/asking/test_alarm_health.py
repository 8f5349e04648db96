"""Alarm health as the store has it: a real alarm with its messages, shelf and acknowledgement, also after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.core.telling.policy import Contact, Policy, Recipient
from monitor.core.time.instant import DAY, HOUR, MINUTE
from monitor.ports.commands import Acknowledge, Shelve
from monitor.testing import Rig
from tests.rigs.lab import T0, WARM, live, minutes
from tests.unit.writer.alarm.test_alarms import policy


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path / "store.db", now=T0, policy=policy())
    live(made, minutes(WARM[:15]))
    yield made
    made.close()


def deliver(rig: Rig) -> int:
    """Says of every message owed that it was delivered now; how many there were."""
    due = rig.store.outbox.due(rig.clock.now(), 100)
    for message in due:
        rig.store.outbox.record_sent(message.id, rig.clock.now())
    return len(due)


def test_what_was_never_sent_is_no_page(rig: Rig) -> None:
    assert rig.view.notifications()
    assert rig.view.alarm_health()["total"]["pages"] == 0


def test_an_alarm_is_told_acknowledged_and_shelved_and_counts_as_such(rig: Rig) -> None:
    alarm = rig.view.alarms()[0]["id"]
    sent = deliver(rig)
    assert sent
    rig.clock.advance(7 * MINUTE)
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna"))
    rig.writer.parts.operators.carry_out(
        Shelve(alarm=alarm, by="anna", reason="on my way", until=rig.clock.now() + HOUR)
    )
    rig.clock.advance(2 * HOUR)
    rig.writer.tick(rig.clock.now(), None)
    found = rig.view.alarm_health(weeks=1)
    total = found["total"]
    assert total["pages"] == sent
    assert set(total["pages_by_person"]) == {"anna"}
    assert 7 * 60 <= total["ack_p95_seconds"] <= 30 * 60
    assert total["held_seconds"] == {"shelved": 3600.0}
    assert total["unacknowledged"] == sum(
        one["acknowledged_at"] is None for one in rig.view.alarms() if not one["past"]
    )
    assert [(one["unit"], one["title"]) for one in found["units"]] == [("lab1/F01", "Freezer F01")]


def test_who_has_webhooks_and_pagerduty_alone_is_no_person(tmp_path: Path) -> None:
    ways = {
        "anna": ("mail", "webhook"),
        "lims": ("webhook", "pagerduty"),
        "duty": ("pagerduty",),
    }
    contacts = {
        name: Contact(name, tuple(Recipient(name, medium, f"{medium}:{name}") for medium in media))
        for name, media in ways.items()
    }
    rig = Rig(tmp_path / "machines.db", now=T0, policy=Policy(contacts=contacts))
    live(rig, minutes(WARM[:15]))
    assert deliver(rig) == 5
    total = rig.view.alarm_health(weeks=1)["total"]
    assert total["pages"] == 3
    assert set(total["pages_by_person"]) == {"anna"}
    rig.close()


def test_a_first_acknowledgement_counts_also_after_the_alarm_was_told_anew(rig: Rig) -> None:
    alarm = rig.view.alarms()[0]["id"]
    rig.clock.advance(MINUTE)
    rig.writer.parts.operators.carry_out(Acknowledge(alarm=alarm, by="anna"))
    waited = rig.view.alarm_health()["total"]["ack_p95_seconds"]
    assert waited is not None
    rig.clock.advance(5 * HOUR)  # acknowledged long ago and not over: it is told anew
    rig.writer.tick(rig.clock.now(), None)
    assert rig.view.alarm(alarm)["acknowledged_at"] is None  # type: ignore[index]
    assert rig.view.alarm_health()["total"]["ack_median_seconds"] == waited


def test_a_restart_changes_no_figure(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = Rig(path, now=T0, policy=policy())
    live(first, minutes(WARM[:15]))
    deliver(first)
    first.clock.advance(DAY + HOUR)
    before = first.view.alarm_health()
    first.kill()
    second = Rig(path, policy=policy(), clock=first.clock)
    try:
        assert second.view.alarm_health() == before
        assert before["total"]["stale"] >= 1
    finally:
        second.close()


@pytest.mark.parametrize("weeks", [0, 53])
def test_a_span_that_is_not_offered_is_refused_with_what_is(rig: Rig, weeks: int) -> None:
    with pytest.raises(ValueError, match="ask for 1 to 52"):
        rig.view.alarm_health(weeks=weeks)
