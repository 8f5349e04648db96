"""Fleets for tests, and what they send taken apart again."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from monitor.wire.v1 import (
    LotEventTopic,
    Reading,
    ReadingTopic,
    StatusTopic,
    UnitEvent,
    UnitEventTopic,
    decode_lot_event,
    decode_readings,
    decode_status,
    decode_unit_event,
    parse_topic,
)
from simulators.clock import MINUTE
from simulators.fleet import Fleet, FleetUnit
from simulators.happening import Happening, HappeningKind
from simulators.network.gateway import GatewayMessage
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.scenario.file import Scenario, parse
from simulators.sensing.probe import BARE, BUFFERED

TOLD = 'history = "24h"'
START = 1_795_000_000_000
"""2026-11-18T10:26:40Z."""

FREEZER = FleetUnit(
    name="F01", model=UNIT_KINDS["ult-upright"].model, probes={"product": BUFFERED, "air": BARE}
)
FRIDGE = FleetUnit(name="R01", model=UNIT_KINDS["fridge-2-8"].model, probes={"product": BUFFERED})


def fleet(*happenings: Happening, **changes: Any) -> Fleet:
    """A freezer with two probes and a fridge with one, and what happens to them."""
    given = {"site": "lab1", "units": (FREEZER, FRIDGE), "start_at": START, "seed": 7}
    return Fleet(**{**given, "happenings": happenings, **changes})


def happening(at: int, kind: HappeningKind, target: str, **fields: Any) -> Happening:
    """What happens so many ms after the start."""
    return Happening(at=START + at, kind=kind, target=target, **fields)


def demo(history: str) -> Scenario:
    """The demo's scenario with another length of its history."""
    text = (files("simulators") / "scenarios" / "demo.toml").read_text("utf-8")
    assert text.count(TOLD) == 1
    return parse(text.replace(TOLD, f'history = "{history}"'), "demo")


def lab(*, seed: int = 7, history: str = "3h", root: str = "exosome/v1") -> Fleet:
    """The demo's laboratory from START on."""
    return demo(history).fleet(start_at=START, seed=seed, root=root)


def decoded(messages: Iterable[GatewayMessage]) -> dict[str, list[Reading]]:
    """The readings of each channel in the order sent; every message must decode."""
    found: dict[str, list[Reading]] = defaultdict(list)
    for message in messages:
        match parse_topic(message.topic):
            case ReadingTopic(channel):
                readings, rejections = decode_readings(message.payload, message.at)
                assert not rejections
                assert readings
                found[str(channel)] += readings
            case StatusTopic():
                decode_status(message.payload)
            case UnitEventTopic() as topic:
                decode_unit_event(message.payload, topic)
            case LotEventTopic() as topic:
                decode_lot_event(message.payload, topic)
    return found


def unit_events(messages: Iterable[GatewayMessage]) -> list[UnitEvent]:
    """What units told, in the order sent."""
    addressed = ((parse_topic(message.topic), message) for message in messages)
    return [
        decode_unit_event(m.payload, topic) for topic, m in addressed if isinstance(topic, UnitEventTopic)
    ]


def digest(messages: Iterable[GatewayMessage]) -> str:
    """One word for all bytes."""
    return hashlib.sha256(repr(list(messages)).encode()).hexdigest()


def minutes(readings: Iterable[Reading]) -> list[tuple[float, float]]:
    """(minutes after START, °C) of the readings that have a value."""
    return [((r.measured_at - START) / MINUTE, r.celsius) for r in readings if r.celsius is not None]
