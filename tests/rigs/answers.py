"""A writer with people who are told: what they are told, what they do, and how time passes for them."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.telling.policy import Contact, Ladder, Policy, Recipient, Route, Step
from monitor.core.telling.rota import Rota
from monitor.core.time.instant import HOUR, MINUTE
from monitor.testing import Rig
from tests.rigs.lab import live, minutes

F01 = "lab1/F01/product"
STEPS = (Step(("oncall",), 10 * MINUTE), Step(("bert",), 10 * MINUTE))


def policy(*, repeat: int | None = None, rearm_after: int | None = 4 * HOUR) -> Policy:
    people = ("anna", "bert", "chris")
    return Policy(
        contacts={name: Contact(name, (Recipient(name, "mail", f"{name}@lab"),)) for name in people},
        rotas={"oncall": Rota("oncall", "Europe/Berlin", ("anna", "chris"), date(2024, 1, 1), time(8), ())},
        ladders={"usual": Ladder("usual", STEPS, repeat)},
        routes=(Route("usual", None, None, None, None),),
        zones={"lab1": ZoneInfo("Europe/Berlin")},
        rearm_after=rearm_after,
    )


def told(rig: Rig) -> list[tuple[str, str]]:
    """(what, whom) of every message, oldest first, withdrawn ones left out."""
    rows = rig.view.notifications()
    return [(row["kind"], row["recipient"]) for row in reversed(rows) if row["withdrawn_at"] is None]


def pass_time(rig: Rig, span: int, *, step: int = MINUTE) -> None:
    """Lets time pass; the channels stay as they are, for nobody listens (no silence is missed)."""
    end = rig.clock.now() + span
    while rig.clock.now() < end:
        rig.clock.at = min(end, rig.clock.now() + step)
        rig.writer.tick(rig.clock.now(), None)


def warm(rig: Rig) -> str:
    """A real excursion that goes on; the alarm's id."""
    live(rig, minutes([-80, -80, *[-50] * 14]))
    (alarm,) = rig.view.alarms(open_only=True)
    return str(alarm["id"])


def hold(rig: Rig, condition: AlarmCondition, subject: str, level: str = "alarm", **evidence: Any) -> None:
    rig.writer.hold(Truth(condition, subject, rig.clock.now(), level, {"text": "t", **evidence}))  # type: ignore[arg-type]


def the_alarm(rig: Rig, alarm: str) -> dict[str, Any]:
    found = rig.view.alarm(alarm)
    assert found is not None
    return found
