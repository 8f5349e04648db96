"""Line protocol: what each reading and fact becomes, and that no text can break out of its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.influx.lines import fact_line, reading_line
from monitor.ports import LoggedFact, LoggedReading

AT = 1_795_341_600_000


def reading(**changed: Any) -> LoggedReading:
    fields: dict[str, Any] = {
        "position": 1,
        "channel": "lab1/F01/product",
        "measured_at": AT,
        "celsius": -79.84,
        "quality": "good",
        "battery_percent": None,
    }
    return LoggedReading(**{**fields, **changed})


def fact(kind: str, body: Mapping[str, Any], **changed: Any) -> LoggedFact:
    fields: dict[str, Any] = {"position": 1, "id": "x1", "version": 2, "recorded_at": AT, "reason": "opened"}
    return LoggedFact(kind=kind, body=body, **{**fields, **changed})


def parsed(line: str) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """Measurement, tags, fields and time of a line, by InfluxDB's rules; fails on what they don't allow."""
    assert "\n" not in line
    series, at = _cut(line, " ", quotes=False)
    fields_text, time_text = _cut(at, " ", quotes=True)
    measurement, *tag_texts = _split(series, ",", quotes=False)
    tags = dict(_pair(text, quotes=False) for text in tag_texts)
    assert all(tags.values()), "an empty tag is refused"
    fields = {name: _typed(text) for name, text in (_pair(t, quotes=True) for t in _split(fields_text, ","))}
    return measurement, tags, fields, int(time_text)


def _cut(text: str, at: str, *, quotes: bool) -> tuple[str, str]:
    first = _split(text, at, quotes=quotes)[0]
    assert len(first) < len(text)
    return first, text[len(first) + 1 :]


def _split(text: str, separator: str, *, quotes: bool = True) -> list[str]:
    parts, start, i, quoted = [], 0, 0, False
    while i < len(text):
        if text[i] == "\\":
            i += 2
            continue
        if quotes and text[i] == '"':
            quoted = not quoted
        elif text[i] == separator and not quoted:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    assert not quoted
    return [*parts, text[start:]]


def _pair(text: str, *, quotes: bool) -> tuple[str, str]:
    name, value = _cut(text, "=", quotes=quotes)
    if not quotes:
        assert len(_split(value, "=", quotes=False)) == 1
        value = _bare(value)
    return _bare(name), value


def _bare(text: str) -> str:
    return text.replace("\\,", ",").replace("\\=", "=").replace("\\ ", " ")


def _typed(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"'):
        assert text.endswith('"')
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    number = float(text)
    assert math.isfinite(number)
    assert any(mark in text for mark in ".e"), f"{text} would be no float"
    return number


def test_a_good_reading_is_one_point_of_its_channel_in_milliseconds() -> None:
    line = reading_line(reading(battery_percent=93))
    assert line == (
        "storage_temperature,site=lab1,unit=F01,probe=product"
        f' celsius=-79.84,quality="good",battery_percent=93.0 {AT}'
    )


def test_a_whole_temperature_is_still_a_float() -> None:
    assert " celsius=-78.0," in reading_line(reading(celsius=-78))


def test_a_bad_reading_without_a_value_has_its_quality_alone() -> None:
    line = reading_line(reading(celsius=None, quality="bad"))
    assert line.split(" ")[1] == 'quality="bad"'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_left_out_and_the_point_remains(value: float) -> None:
    line = reading_line(reading(celsius=value, battery_percent=value, quality="bad"))
    assert line.split(" ")[1] == 'quality="bad"'


def test_an_instant_before_1970_keeps_its_sign() -> None:
    assert reading_line(reading(measured_at=-1)).endswith(" -1")


def test_an_excursion_has_its_place_direction_and_id_as_tags_and_its_figures_as_floats() -> None:
    body = {
        "id": "x1",
        "version": 2,
        "channel": "lab1/F01/product",
        "direction": "high",
        "started_at": "2026-11-22T10:00:00.000Z",
        "ended_at": None,
        "extreme_celsius": -41,
        "degree_minutes": 12.5,
        "seconds_by_band": {"warm": 600, "much warmer": 0},
        "unknown_seconds": 0,
        "profile": "ult-80",
        "profile_version": 3,
        "events": [{"event_id": "e1", "kind": "door_opened"}],
        "lots": ["L1", "L2"],
        "withdrawn": False,
        "superseded_by": None,
    }
    measurement, tags, fields, at = parsed(fact_line(fact("excursion", body)))
    assert measurement == "excursion"
    assert tags == {"site": "lab1", "unit": "F01", "probe": "product", "direction": "high", "id": "x1"}
    assert fields == {
        "version": 2.0,
        "reason": "opened",
        "started_at": "2026-11-22T10:00:00.000Z",
        "extreme_celsius": -41.0,
        "degree_minutes": 12.5,
        "band_seconds_warm": 600.0,
        "band_seconds_much warmer": 0.0,
        "unknown_seconds": 0.0,
        "profile": "ult-80",
        "profile_version": 3.0,
        "events": "door_opened",
        "lots": "L1,L2",
        "withdrawn": False,
    }
    assert at == AT


def test_an_alarm_has_condition_subject_level_and_id_as_tags() -> None:
    body = {
        "condition": "temperature_high",
        "subject": "lab1/F01/product",
        "level": "critical",
        "state": "unacknowledged",
        "raised_at": "2026-11-22T10:00:00.000Z",
        "acknowledged_by": None,
        "evidence": {"celsius": -41.5},
    }
    measurement, tags, fields, _ = parsed(fact_line(fact("alarm", body, id="a7")))
    assert measurement == "alarm"
    assert tags == {
        "condition": "temperature_high",
        "subject": "lab1/F01/product",
        "level": "critical",
        "id": "a7",
    }
    assert fields["state"] == "unacknowledged"
    assert fields["evidence"] == '{"celsius":-41.5}'
    assert "acknowledged_by" not in fields


def test_a_lot_has_its_id_and_product_as_tags_and_its_budgets_as_fields() -> None:
    body = {
        "lot": "L1",
        "product": "MSC exosomes, 5 µg",
        "verdict": "at_risk",
        "reasons": [{"code": "budget_low", "text": "…"}, {"code": "expiring"}],
        "thaw_count": 1,
        "thaw_count_determinate": True,
        "coverage": None,
        "known_seconds": 100,
        "pending_seconds": 0.0,
        "is_frozen": True,
        "thawed_at": "2026-11-22T10:00:00.000Z",
        "effective_expires_at": "2026-11-23T10:00:00.000Z",
        "budgets": [
            {"band": "warm", "spent_seconds": 70_000, "left_seconds": 16_400, "limit_seconds": 86_400},
            {"band": "cold", "spent_seconds": 0.0, "left_seconds": None, "limit_seconds": None},
        ],
        "mkt_celsius": None,
        "mkt_worst": {"celsius": 7.25, "from": "…", "to": "…"},
        "children": [],
    }
    measurement, tags, fields, _ = parsed(fact_line(fact("lot", body, id="L1")))
    assert measurement == "lot_integrity"
    assert tags == {"lot": "L1", "product": "MSC exosomes, 5 µg"}
    assert fields == {
        "version": 2.0,
        "reason": "opened",
        "verdict": "at_risk",
        "reasons": "budget_low,expiring",
        "thaw_count": 1.0,
        "thaw_count_determinate": True,
        "known_seconds": 100.0,
        "pending_seconds": 0.0,
        "is_frozen": True,
        "thawed_at": "2026-11-22T10:00:00.000Z",
        "effective_expires_at": "2026-11-23T10:00:00.000Z",
        "spent_seconds_warm": 70_000.0,
        "left_seconds_warm": 16_400.0,
        "spent_seconds_cold": 0.0,
        "mkt_worst_celsius": 7.25,
        "children": "",
    }


def test_a_health_fact_keeps_flags_figures_and_texts_and_its_version_stays_a_number() -> None:
    body = {
        "ok": False,
        "text": "broker is gone",
        "version": "1.2",
        "queue": 3,
        "broker": {"ok": True},
        "x": [],
    }
    measurement, tags, fields, _ = parsed(fact_line(fact("health", body, id="broker")))
    assert (measurement, tags) == ("monitor_health", {"part": "broker"})
    assert fields == {
        "version": 2.0,
        "reason": "opened",
        "ok": False,
        "text": "broker is gone",
        "queue": 3.0,
        "broker_ok": True,
    }


def test_two_facts_recorded_in_one_millisecond_are_two_series() -> None:
    body = {"channel": "lab1/F01/product", "direction": "high"}
    first, second = (fact_line(fact("excursion", body, id=name)) for name in ("x1", "x2"))
    assert parsed(first)[1] != parsed(second)[1]


def test_a_kind_without_a_measurement_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'weather'"):
        fact_line(fact("weather", {}))


def test_a_figure_of_the_wrong_type_is_left_out_and_changes_no_fields_type() -> None:
    body = {"thaw_count": "1", "coverage": True, "thaw_count_determinate": 1, "min_celsius": 10**400}
    assert parsed(fact_line(fact("lot", body, id="L1")))[2] == {"version": 2.0, "reason": "opened"}


def test_a_line_break_becomes_a_space_in_tags_and_texts() -> None:
    body = {"product": "two\nlines", "verdict": "a\r\nb"}
    line = fact_line(fact("lot", body, id="L 1"))
    _, tags, fields, _ = parsed(line)
    assert tags == {"lot": "L 1", "product": "two lines"}
    assert fields["verdict"] == "a  b"


def test_a_backslash_before_a_separator_cannot_escape_it() -> None:
    _, tags, fields, _ = parsed(fact_line(fact("lot", {"product": "a\\", "verdict": 'b\\"'}, id="L1")))
    assert tags == {"lot": "L1", "product": "a/"}
    assert fields["verdict"] == 'b\\"'


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "channel",
        "direction",
        "condition",
        "subject",
        "level",
        "product",
        "verdict",
        "coverage",
        "budgets",
        "seconds_by_band",
        "mkt_worst",
        "reasons",
        "lots",
        "events",
        "evidence",
        "withdrawn",
        "unit",
        "reason",
    ]
)
HOSTILE = st.text(alphabet='a ,="\\\n\r\t\x00é\ud800', max_size=8)


@settings(print_blob=True, deadline=None)
@given(
    kind=st.sampled_from(["excursion", "alarm", "lot", "health"]),
    body=st.dictionaries(KEYS, JSON_VALUES | HOSTILE, max_size=6),
    name=HOSTILE.filter(bool),
    reason=HOSTILE,
)
def test_no_body_can_break_its_line(kind: str, body: dict[str, Any], name: str, reason: str) -> None:
    line = fact_line(fact(kind, body, id=name, reason=reason))
    line.encode("utf-8")
    measurement, tags, fields, at = parsed(line)
    assert measurement in {"excursion", "alarm", "lot_integrity", "monitor_health"}
    assert len(tags) >= 1
    assert fields["version"] == 2.0
    assert at == AT
