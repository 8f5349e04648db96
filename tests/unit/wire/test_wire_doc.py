"""docs/wire.md is what the decoder goes by: every example in it is decoded, and every field, kind, fault and reason of
the code stands in it. Its session is tried in tests/integration/test_docs.py."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import NamedTuple, get_args

import pytest

from monitor.core.channel.reading import Fault, Reading
from monitor.core.lot.event import LotEvent, LotEventKind, UnitEventKind
from monitor.ingest.decode import Decoder
from monitor.ports import Decoded, Message
from monitor.wire import v1
from tests.house import ROOT

TEXT = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
SHOULD = re.compile(r"(?:(\d+) taken, )?rejected: (\w+)")


class Example(NamedTuple):
    """A message of the page, and what the page says of it."""

    topic: str
    payload: bytes
    readings: int
    reason: str | None


def examples() -> Iterator[Example]:
    for block in re.findall(r"^```mqtt\n(.*?)\n```$", TEXT, re.M | re.S):
        topic, _, rest = block.partition("\n")
        payload, _, outcome = rest.partition("\n=> ")
        should = SHOULD.fullmatch(outcome)
        assert bool(should) == bool(outcome), outcome
        number, reason = (1, None) if should is None else (int(should[1] or 0), should[2])
        yield Example(topic, payload.encode(), number, reason)


def decoded(*messages: tuple[str, bytes]) -> Decoded:
    channels, units, sites = {"lab1/F01/product": 1}, {"lab1/F01", "lab1/F02"}, {"lab1"}
    decoder = Decoder(v1.DEFAULT_ROOT, channels, units, sites, {"ult-80"})
    return decoder([Message(topic, payload, 0, False, None) for topic, payload in messages])


def count(batch: Decoded) -> int:
    return sum(map(len, (batch.readings, batch.statuses, batch.unit_events, batch.lot_events)))


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.payload[:40].decode())
def test_an_example_is_taken_or_rejected_as_the_page_says(example: Example) -> None:
    batch = decoded((example.topic, example.payload))
    assert count(batch) == example.readings
    assert [row["reason"] for row in batch.rejected] == ([] if example.reason is None else [example.reason])


def section(title: str) -> str:
    return re.split(r"^## ", TEXT.partition(f"\n## {title}\n")[2], maxsplit=1, flags=re.M)[0]


def first_cells(title: str) -> set[str]:
    """What stands in code in the first column of a section's tables."""
    rows = re.findall(r"^\| (`[^|]*) \|", section(title), re.M)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_the_table_of_reasons_is_that_of_the_code() -> None:
    assert first_cells("What is rejected") == set(get_args(v1.Reason))


def test_every_reason_that_a_file_can_have_stands_in_the_page() -> None:
    for path in (ROOT / "monitor" / "ingest").glob("*.py"):
        for reason in re.findall(
            r'\("((?:bad|not|unknown|too|wrong|missing)_\w+)", ', path.read_text("utf-8")
        ):
            assert f"`{reason}`" in section("What is rejected"), f"{path.name}: {reason}"


def test_every_field_kind_and_fault_of_the_code_stands_in_its_table_and_nothing_else() -> None:
    reading = set(Reading._fields) - {"received_at"}  # the receiver's own
    assert first_cells("Readings") == reading | set(Fault)
    kinds = set(UnitEventKind)
    assert first_cells("Unit events") == {"event_id", "occurred_at", "kind"} | kinds
    fields = {field.name for field in dataclasses.fields(LotEvent)} - {"lot", "site"}  # of the topic
    assert first_cells("Lot events") == fields | set(LotEventKind)


def test_every_kind_of_event_a_lot_can_have_has_an_example() -> None:
    shown = {event.kind for each in examples() for event, _ in decoded(each[:2]).lot_events}
    assert shown == set(LotEventKind) - {LotEventKind.BOUND}


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{v1.MESSAGE_BYTES_MAX:,} bytes" in TEXT
    assert f"{v1.ITEMS_MAX:,} readings" in TEXT
    assert f"default `{v1.DEFAULT_ROOT}`" in TEXT
