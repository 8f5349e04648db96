"""Answers held to docs/json.schema.json, which says what each is like."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import jsonschema

from tests.house import ROOT

SCHEMA = ROOT / "docs" / "json.schema.json"


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with every field forbidden that it doesn't name."""
    closed = copy.deepcopy(dict(schema))
    for kind in closed["$defs"].values():
        kind["additionalProperties"] = False
    return closed


CLOSED = _strict(json.loads(SCHEMA.read_text(encoding="utf-8")))


def hold(kind: type, answer: Any) -> None:
    """Raises if an answer has another shape than its type is described with."""
    jsonschema.Draft202012Validator({**CLOSED, "$ref": f"#/$defs/{kind.__name__}"}).validate(answer)
