"""Commands as HTTP: the path of each, its body in both directions, and the body's description.

A field of a command is a field of the body, unless it stands in the path. An end may be said as ``until`` (an instant)
or ``for`` (a time from now on); a beginning is called ``from``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from monitor.core.time.instant import format_instant
from monitor.ports import JSON
from monitor.ports.commands import (
    TEXT_MAX,
    Acknowledge,
    BindProfile,
    EndSuppression,
    Reset,
    Said,
    Shelve,
    Spoken,
    Suppress,
    Unshelve,
    said_of,
    values_of,
)


class ApiRoute(NamedTuple):
    """Where a command is asked for: the path below the API's prefix, the code of a body of no use, what the command is
    about, and what lists those that are."""

    path: str
    code: str
    thing: str
    listed_by: str


ROUTES: Mapping[type[Spoken], ApiRoute] = {
    Acknowledge: ApiRoute("/alarms/{alarm}/acknowledge", "bad_acknowledgement", "alarm", "/alarms"),
    Reset: ApiRoute("/alarms/{alarm}/reset", "bad_body", "alarm", "/alarms"),
    Shelve: ApiRoute("/alarms/{alarm}/shelve", "bad_shelf", "alarm", "/alarms"),
    Unshelve: ApiRoute("/alarms/{alarm}/unshelve", "bad_body", "alarm", "/alarms"),
    Suppress: ApiRoute("/suppressions", "bad_suppression", "subject", "/units"),
    EndSuppression: ApiRoute("/suppressions/{suppression}/end", "bad_body", "suppression", "/suppressions"),
    BindProfile: ApiRoute("/lots/{lot}/binding", "bad_binding", "lot", "/lots"),
}

_INSTANT: JSON = {"type": "string", "format": "date-time"}
_BEGIN: JSON = {"from": {**_INSTANT, "description": "default: now"}}
_END: JSON = {
    "until": {**_INSTANT, "description": "its end; or give `for`"},
    "for": {"type": "string", "description": "how long from now on: 90m, 2h, 1d"},
}


def in_body(kind: type[Spoken]) -> dict[str, Said]:
    """The fields of a command that its body says."""
    return {name: said for name, said in said_of(kind).items() if f"{{{name}}}" not in ROUTES[kind].path}


def _required(kind: type[Spoken]) -> list[str]:
    """What every body has. An end has two ways to be said, so neither is among them."""
    return [name for name, said in in_body(kind).items() if said.is_needed and said.role != "end"]


def _struct_of(kind: type[Spoken]) -> type[msgspec.Struct]:
    body: list[Any] = []
    for name, said in in_body(kind).items():
        if said.role == "begin":
            body.append((name, str | None, msgspec.field(default=None, name="from")))
        elif said.role == "end":
            body.append((name, str | None, None))
            body.append(("lasting", str | None, msgspec.field(default=None, name="for")))
        else:
            type_: Any = Literal[said.choices] if said.choices else str
            body.append((name, type_) if said.is_needed else (name, type_, "api" if said.choices else ""))
    is_strict = kind is not BindProfile  # what else a binding says was passed over from the first
    return msgspec.defstruct(kind.__name__, body, forbid_unknown_fields=is_strict, kw_only=True)


STRUCTS: Mapping[type[Spoken], type[msgspec.Struct]] = {kind: _struct_of(kind) for kind in ROUTES}
"""What a body decodes to, with instants as they were written, ``from`` as ``start`` and ``for`` as ``lasting``."""


def sent(command: Spoken) -> tuple[str, JSON]:
    """A command's path and body, for a client."""
    values, body = values_of(command), dict[str, Any]()
    for name, said in in_body(type(command)).items():
        if said.role not in ("begin", "end"):
            body[name] = values[name]
        elif values[name] is not None:
            body["from" if said.role == "begin" else "until"] = format_instant(values[name])
    in_path = {name: quote(str(value), safe="") for name, value in values.items()}
    return ROUTES[type(command)].path.format_map(in_path), body


def described(required: list[str], properties: JSON, example: JSON) -> JSON:
    """A JSON object as the body of a request, for the API's description."""
    return described_by({"type": "object", "required": required, "properties": properties}, example)


def described_by(schema: JSON, example: Any) -> JSON:
    """The body of a request by its JSON Schema, for the API's description."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def described_as(kind: type[Spoken], example: JSON) -> JSON:
    """The body of a command, for the API's description."""
    properties: JSON = {}
    for name, said in in_body(kind).items():
        properties |= _property(name, said)
    return described(_required(kind), properties, example)


def _property(name: str, said: Said) -> JSON:
    what = {"description": said.what} if said.what else {}
    match said.role:
        case "begin":
            return _BEGIN
        case "end":
            return _END
        case "choice":
            return {name: {"enum": list(said.choices), **what}}
        case "way":
            return {name: {"enum": list(said.choices), "default": "api"}}
        case "line":
            return {name: {"type": "string", "maxLength": TEXT_MAX, **what}}
    return {name: {"type": "string", **what}}


def asked_for(kind: type[Spoken]) -> str:
    """What to send, for the remedy of a refusal: "by (and reason)", "by, reason, and until or for"."""
    said, required = in_body(kind), _required(kind)
    if any(each.role == "end" for each in said.values()):
        return f"{', '.join(required)}, and until or for"
    *most, last = required
    listed = f"{', '.join(most)} and {last}" if most else last
    optional = [name for name, each in said.items() if each.role == "line" and not each.is_needed]
    return f"{listed} (and {', '.join(optional)})" if optional else listed
