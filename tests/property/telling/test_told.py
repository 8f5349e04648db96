"""True and told: whatever fails, crashes, waits or is shelved, in the end nobody believes something false.

A small world: an alarm that comes, gets worse, is taken, is shelved and goes; a ladder with a rota; media that refuse,
and a program that dies between sending and recording, plans late, or not for hours. Each world follows from its seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, time
from random import Random
from zoneinfo import ZoneInfo

import pytest

from monitor.core.alarm.alarm import (
    Acknowledgement,
    Alarm,
    acknowledged,
    cleared,
    raised,
    rearmed,
    told_anew,
    worsened,
)
from monitor.core.alarm.condition import AlarmCondition, Truth
from monitor.core.telling.policy import Contact, Ladder, Place, Policy, QuietHours, Recipient, Route, Step
from monitor.core.telling.rota import Override, Rota
from monitor.core.telling.told import MessageKind, Plan, Told, Why, plan
from monitor.core.time.instant import HOUR, MINUTE

T0 = 1_780_000_000_000
PLACE = Place("lab1", "lab1/F01")
WORLDS = 1_000
NEWS = ("opened", "again", "reminder")


def contact(name: str, *media: str, quiet: QuietHours | None = None) -> Contact:
    return Contact(
        name, tuple(Recipient(name, medium, f"{name}@{medium}") for medium in media), quiet_hours=quiet
    )


def policy_of(random: Random) -> Policy:
    quiet = QuietHours(time(22), time(6)) if random.random() < 0.3 else None
    people = [contact("anna", "mail", "push"), contact("bert", "mail", quiet=quiet), contact("chef", "pager")]
    stand_in = Override("chef", T0 + 2 * HOUR, T0 + 5 * HOUR)
    rota = Rota("oncall", "Europe/Berlin", ("anna", "bert"), date(2026, 1, 5), time(8), (stand_in,))
    waits = [random.choice((0, 5 * MINUTE, 20 * MINUTE)) for _ in range(3)]
    steps = (Step(("oncall",), waits[0]), Step(("bert", "anna"), waits[1]), Step(("chef",), waits[2]))
    repeat = random.choice((None, 10 * MINUTE, HOUR))
    ladder = Ladder("usual", steps[: random.randint(1, 3)], repeat)
    return Policy(
        contacts={one.name: one for one in people},
        rotas={"oncall": rota},
        ladders={"usual": ladder},
        routes=(Route("usual", "lab1", None, None, None),) if random.random() < 0.8 else (),
        always=(Recipient("console", "console", "console"),) if random.random() < 0.5 else (),
        zones={"lab1": ZoneInfo("Europe/Berlin")},
    )


@dataclass
class Row:
    """A message that is owed, as the outbox has it."""

    id: str
    kind: MessageKind
    recipient: Recipient
    run: int
    created_at: int
    waits_for: str | None
    sent_at: int | None = None
    attempts: int = 0
    withdrawn: bool = False


def assert_says_why(world: World, found: Plan) -> None:
    """Its reason is what it does: everybody is told now exactly where something new is owed to people."""
    alarm, news = world.alarm, [one for one in found.owed if one.kind in ("opened", "again", "reminder")]
    if not alarm.is_open:
        assert found.why in (Why.OVER, Why.OVER_UNTOLD)
    elif alarm.is_acknowledged:
        assert found.why in (Why.TAKEN, Why.TAKEN_UNTOLD)
    elif world.is_hushed:
        assert found == Plan(Why.HELD_BACK)
    else:
        people = [one for one in news if one.recipient not in world.policy.always]
        assert (found.why is Why.NOW) == bool(people)
        assert found.until is None or found.until > world.now


@dataclass
class World:
    random: Random
    policy: Policy
    alarm: Alarm
    now: int = T0
    is_hushed: bool = False
    rows: dict[str, Row] = field(default_factory=dict)
    inbox: dict[Recipient, list[tuple[str, MessageKind]]] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    """Messages that a crash between sending and recording may repeat."""
    failing: float = 0.0

    def told(self) -> dict[str, Told]:
        return {
            row.id: Told(
                row.kind,
                row.recipient,
                row.run,
                row.created_at,
                row.sent_at,
                is_failing=row.sent_at is None and row.attempts > 0,
                is_withdrawn=row.withdrawn,
            )
            for row in self.rows.values()
        }

    def plan(self) -> int:
        found = plan(self.alarm, self.told(), self.policy, self.now, place=PLACE, is_hushed=self.is_hushed)
        assert_says_why(self, found)
        for one in found.withdrawn:
            assert self.rows[one].sent_at is None, "what was told can't be taken back"
            self.rows[one].withdrawn = True
        ids = [one.id for one in found.owed]
        assert len(ids) == len(set(ids)), "one plan owes nothing twice"
        for owed in found.owed:
            assert owed.id not in self.told()
            row = Row(owed.id, owed.kind, owed.recipient, self.alarm.run.number, self.now, owed.waits_for)
            self.rows.setdefault(owed.id, row)
        return len(found.owed)

    def deliver(self) -> None:
        """Every address in a lane of its own, in order; one that fails holds up none but those that wait for it."""
        for row in self.rows.values():
            waits = self.rows.get(row.waits_for or "")
            if row.sent_at is not None or row.withdrawn or (waits is not None and waits.sent_at is None):
                continue
            if self.random.random() < self.failing:
                row.attempts += 1
                continue
            self.inbox.setdefault(row.recipient, []).append((row.id, row.kind))
            if self.random.random() < self.failing / 3:
                self.repeated.add(row.id)  # it died before it could record
                continue
            row.sent_at = self.now

    def happen(self) -> None:
        """Something happens to the alarm, as the machine allows."""
        alarm, random = self.alarm, self.random
        match random.choice(("worsen", "take", "rearm", "clear", "hush", "unhush", "nothing", "nothing")):
            case "worsen" if alarm.is_open and alarm.level != "critical":
                level = "alarm" if alarm.level == "warning" else "critical"
                self.alarm = worsened(alarm, truth(level), now=self.now)
            case "take" if alarm.is_open:
                by = random.choice(("anna", "bert", "somebody else"))
                self.alarm = acknowledged(alarm, Acknowledgement(self.now, by))
            case "rearm" if alarm.is_open and alarm.is_acknowledged:
                self.alarm = rearmed(alarm, at=self.now, why="not over")
            case "clear" if alarm.is_open and random.random() < 0.5:
                self.alarm = cleared(alarm, at=self.now, evidence={})
            case "hush":
                self.is_hushed = True
            case "unhush" if self.is_hushed:
                self.is_hushed = False
                if alarm.is_open and not alarm.is_acknowledged:
                    self.alarm = told_anew(alarm, at=self.now, why="its shelf ended")


def truth(level: str) -> Truth:
    return Truth(AlarmCondition.TEMPERATURE_HIGH, "lab1/F01/product", T0, level)  # type: ignore[arg-type]


def a_world(seed: int) -> World:
    random = Random(seed)
    alarm = raised("a1", truth(random.choice(("warning", "alarm", "critical"))), now=T0)
    return World(random, policy_of(random), alarm, failing=random.choice((0.0, 0.3, 0.8)))


def live(world: World, steps: int) -> None:
    for _ in range(steps):
        world.now += world.random.choice((0, 1_000, MINUTE, 7 * MINUTE, HOUR, 9 * HOUR))
        if world.random.random() < 0.5:
            world.happen()
            world.plan()  # a change is planned in the transaction that records it
        elif world.random.random() < 0.7:
            world.plan()
        if world.random.random() < 0.7:
            world.deliver()


def settle(world: World) -> None:
    """The media work again, and time goes on until nothing more is owed but reminders."""
    world.failing, world.is_hushed = 0.0, False
    if world.alarm.is_open and not world.alarm.is_acknowledged:
        world.alarm = told_anew(world.alarm, at=world.now, why="its shelf ended")
    for _ in range(40):
        world.plan()
        world.deliver()
        world.now += HOUR


@pytest.mark.parametrize("part", range(4))
def test_in_the_end_nobody_believes_something_false(part: int) -> None:
    kinds: Counter[str] = Counter()
    for seed in range(part * WORLDS // 4, (part + 1) * WORLDS // 4):
        print("seed", seed)
        world = a_world(seed)
        world.plan()
        live(world, 25)
        settle(world)
        kinds.update(kind for box in world.inbox.values() for _, kind in box)
        for recipient, box in world.inbox.items():
            last = box[-1][1]
            assert box[0][1] == "opened", "nobody hears of the end, or of an answer, before the beginning"
            if not world.alarm.is_open:
                assert last == "closed", (recipient, box)
            elif world.alarm.is_acknowledged:
                taker = world.alarm.acknowledgement
                assert taker is not None
                assert last == "taken" or recipient.name == taker.by, (recipient, box)
            else:
                assert last in NEWS, (recipient, box)
        if world.alarm.is_open and not world.alarm.is_acknowledged:
            assert_everybody_knows(world)
    assert set(kinds) == {"opened", "again", "reminder", "taken", "closed"}, "each kind was tried"


def assert_everybody_knows(world: World) -> None:
    """Whoever a ladder names has heard in the newest run of it."""
    ladder = world.policy.ladder_of(world.alarm, PLACE)
    for step in ladder.steps:
        for who in world.policy.contacts_of(step, world.now - HOUR):
            for recipient in who.recipients:
                box = world.inbox.get(recipient, [])
                run = world.alarm.run.number
                newest = [one for one, kind in box if kind == "opened" or f"again{run}:" in one]
                assert newest, (recipient, box)


def test_nobody_is_told_the_same_twice_but_after_a_crash() -> None:
    for seed in range(WORLDS, WORLDS + 400):
        print("seed", seed)
        world = a_world(seed)
        world.plan()
        live(world, 25)
        settle(world)
        for box in world.inbox.values():
            times = Counter(one for one, _ in box)
            twice = {one for one, count in times.items() if count > 1}
            assert twice <= world.repeated
        assert all(row.sent_at is not None or row.withdrawn for row in world.rows.values()), (
            "nothing owed stays owed"
        )


def test_an_address_that_was_dead_for_long_isnt_flooded_when_it_is_back() -> None:
    for seed in range(100):
        print("seed", seed)
        world = a_world(seed)
        world.failing = 1.0
        for _ in range(48):
            world.plan()
            world.deliver()
            world.now += HOUR // 2
        world.failing = 0.0
        world.plan()
        world.deliver()
        assert all(len(box) <= 2 for box in world.inbox.values()), "that it opened, and one reminder"


def test_planning_again_at_once_owes_nothing_and_a_restart_is_only_that() -> None:
    for seed in range(300):
        print("seed", seed)
        world = a_world(seed)
        for _ in range(20):
            live(world, 1)
            world.plan()
            assert world.plan() == 0


def test_a_clock_that_looks_seldom_tells_everyone_whom_a_punctual_one_tells() -> None:
    """Late wake-ups: of the rounds that were slept through only the last is told; nobody is left out."""
    for seed in range(300):
        print("seed", seed)
        punctual, late = a_world(seed), a_world(seed)
        punctual.failing = late.failing = 0.0
        for _ in range(12 * 12):
            punctual.now += 5 * MINUTE
            punctual.plan()
            punctual.deliver()
        late.now = punctual.now
        late.plan()
        late.deliver()
        told = {
            recipient for recipient, box in punctual.inbox.items() if any(kind == "opened" for _, kind in box)
        }
        # Who was on call in between and isn't now need not be told of it any more.
        assert {one for one in told if one in late.inbox} == set(late.inbox)
        on_call = {
            recipient
            for step in late.policy.ladder_of(late.alarm, PLACE).steps
            for who in late.policy.contacts_of(step, late.now)
            if late.policy.waits_until(who, late.alarm, PLACE, late.now) is None
            for recipient in who.recipients
        }
        assert on_call <= set(late.inbox)
        assert all(len(box) == 1 for box in late.inbox.values()), "one message each, however long it slept"
