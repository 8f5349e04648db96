"""docs/simulators.md is about what is there: every happening, table and key is named in it, and nothing else."""

from __future__ import annotations

import re

import msgspec

from simulators.happening import FIELDS, KINDS
from simulators.network.garbling import KINDS as GARBLINGS
from simulators.physics.kinds import KINDS as UNIT_KINDS
from simulators.scenario.file import parse
from simulators.scenario.tables import Document
from tests.house import ROOT

TEXT = (ROOT / "docs" / "simulators.md").read_text(encoding="utf-8")


def test_the_table_of_happenings_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (\**)`(\w+)`\** \| (\w+) \| (.*?) \| (.*?) ?\|$", TEXT, re.MULTILINE)
    told = {name: (bold == "**", target, fields, ended) for bold, name, target, fields, ended in rows}
    for kind, rule in KINDS.items():
        fields = [
            *(f"`{name}`" for name in sorted(rule.needs)),
            *(f"(`{name}`)" for name in sorted(rule.may)),
        ]
        ended = "" if rule.ended_by is None else f"`{rule.ended_by}`"
        assert told[kind] == (rule.failure, rule.target, ", ".join(fields), ended), kind


def test_every_key_of_a_scenario_and_every_kind_is_named() -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(Document)}
    named = {*FIELDS, *UNIT_KINDS, *GARBLINGS, *keys}
    missing = [name for name in sorted(named) if not re.search(rf"[`\[]{re.escape(name)}[`\]]", TEXT)]
    assert missing == []


def test_the_example_can_be_run() -> None:
    example = next(
        block for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL) if "[[unit]]" in block
    )
    scenario = parse(example, "example")
    assert [failure.kind for failure in scenario.failing] == ["compressor_failed"]
