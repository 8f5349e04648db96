"""What truly was, beside what is said of it: on record at every instant at which a reading is due."""

from __future__ import annotations

from itertools import pairwise, takewhile
from math import isnan

import pytest

from simulators.clock import HOUR, MINUTE
from simulators.course import Course
from simulators.fleet import Fleet
from simulators.happening import HappeningKind as Kind
from simulators.network.gateway import GatewayMessage
from simulators.truth import Trace
from tests.rigs.simulated import START, decoded, fleet, happening

PRODUCT, AIR, FRIDGES = "lab1/F01/product", "lab1/F01/air", "lab1/R01/product"


def followed(its: Fleet, length: int) -> tuple[Course, list[GatewayMessage]]:
    """The course of a fleet, followed for so many ms, and what it sent."""
    course = Course(its)
    return course, list(takewhile(lambda message: message.at <= START + length, course.messages()))


def test_what_truly_was_is_on_record_also_while_a_probe_lies_or_is_silent() -> None:
    silent = happening(10 * MINUTE, Kind.PROBE_SILENT, "F01/product")
    lying = happening(10 * MINUTE, Kind.PROBE_CODE, "F01/air", celsius=85.0)
    story = (silent, lying, *(each.ending(START + 40 * MINUTE) for each in (silent, lying)))
    (course, sent), (calm, _) = followed(fleet(*story), HOUR), followed(fleet(), HOUR)
    for channel in (PRODUCT, AIR, FRIDGES):
        truth = list(course.truth.elements[channel])
        assert truth == list(calm.truth.elements[channel]), channel
        assert [b[0] - a[0] for a, b in pairwise(truth)] == [MINUTE] * (len(truth) - 1)
        assert len(truth) >= 60
    assert list(course.truth.loads["lab1/F01"]) == list(calm.truth.loads["lab1/F01"])
    channels = decoded(sent)
    assert len(channels[PRODUCT]) == 30
    assert [r.celsius for r in channels[AIR]].count(85.0) == 30
    near = dict(course.truth.elements[AIR])
    honest = [r for r in channels[AIR] if r.celsius is not None and r.celsius != 85.0]
    assert len(honest) == 30
    assert all(abs((r.celsius or 0.0) - near[r.measured_at]) < 0.5 for r in honest)


def test_what_a_probe_said_is_on_record_before_any_network_and_faults_as_no_number() -> None:
    faulty = happening(10 * MINUTE, Kind.PROBE_FAULT, "F01/air", fault="open_circuit")
    lost = happening(5 * MINUTE, Kind.GATEWAY_LOST, "F01")
    course, sent = followed(fleet(faulty, lost, faulty.ending(START + 20 * MINUTE)), 30 * MINUTE)
    said = list(course.truth.said[AIR])[:30]
    assert [isnan(celsius) for _, celsius in said] == [False] * 10 + [True] * 10 + [False] * 10
    arrived = [(reading.measured_at, reading.celsius) for reading in decoded(sent)[AIR]]
    assert arrived == said[:5]  # then its gateway was offline


def test_a_trace_tells_when_it_rose_to_a_level_on_straight_lines() -> None:
    trace = Trace()
    for at, celsius in [(0, -80.0), (100, -60.0), (200, -50.0), (300, -70.0), (400, -55.0), (500, -55.0)]:
        trace.note(at, celsius)
    assert trace.rises_through(-60.0) == [100, 367]
    assert trace.rises_through(-65.0) == [75, 333]
    assert trace.rises_through(-55.0) == [150, 400]
    assert trace.rises_through(-90.0) == []  # it began above
    assert (len(trace), trace.last) == (6, -55.0)
    assert list(trace)[1] == (100, -60.0)
    with pytest.raises(IndexError):
        _ = Trace().last
