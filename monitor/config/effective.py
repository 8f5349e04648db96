"""The configuration in force, every default filled in, in the keys of the files; secrets as ``<secret>``.

What there is to say, in which order and how, comes from the tables that read the files (:mod:`monitor.config.file`): a
key that is added there is here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import reduce
from typing import Any, TypeVar, get_args

from monitor.config.file.fields import Kept, Table, Written, table_in
from monitor.config.file.files import MonitorFile
from monitor.config.file.people_file import PeopleFile
from monitor.config.file.profile_file import ProfileFile
from monitor.config.file.toml import dump
from monitor.config.model import Configuration
from monitor.config.secret.secret import SHOWN
from monitor.core.time.instant import format_instant, from_datetime

Document = dict[str, Any]


def effective_json(configuration: Configuration) -> Document:
    """All of it as one JSON object: the keys of monitor.toml, ``profile`` (a list), and those of people.toml.

    What has no value is null. Durations are texts as in the files, instants RFC 3339, secrets ``<secret>``.
    """
    document: Document = _json(_everything(configuration))
    return document


def effective_toml(configuration: Configuration) -> str:
    """The same as one TOML text. A secret is a comment: it can't be a value, for no file may hold one."""
    return _secret_comments(configuration) + dump(_everything(configuration))


def _secret_comments(configuration: Configuration) -> str:
    secrets = (
        ("mqtt.password", configuration.mqtt.password),
        ("influx.token", configuration.influx.token),
        ("mail.password", configuration.mail.password),
    )
    return "".join(f'# {key} = "{SHOWN}"\n' for key, secret in secrets if secret is not None)


def _everything(configuration: Configuration) -> Document:
    profiles = [_document(ProfileFile, profile) for profile in configuration.profiles]
    people = {key: items for key, items in _document(PeopleFile, configuration).items() if items}
    return _document(MonitorFile, configuration) | {"profile": profiles} | people


def _json(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _json(inner) for key, inner in value.items()}
        case list():
            return [_json(inner) for inner in value]
        case datetime():
            return format_instant(from_datetime(value))
        case date():
            return value.isoformat()
        case _:
            return value


# --- from what is kept to what a file says ---

_Mark = TypeVar("_Mark", Kept, Written)


def _document(table: type[Table], kept: object, place: str = "{}") -> Document:
    """A table's keys with what the configuration keeps of each; ``place``: see :class:`Kept`."""
    document = {}
    for name, field in table.model_fields.items():
        types = (field.annotation, *field.metadata)
        mark, inner = _mark(Kept, types), table_in(field.annotation)
        at = place.format(name if mark is None else mark.place)
        if inner is not None and "{}" in at:
            said: object = _document(inner, kept, at)
        else:
            said = _said(_kept(kept, at), inner, _mark(Written, types))
        document[field.alias or name] = said
    return document


def _kept(kept: Any, place: str) -> Any:
    """What is kept at a place; None where a part of the way is None."""
    return reduce(lambda part, name: None if part is None else getattr(part, name), place.split("."), kept)


def _said(value: Any, table: type[Table] | None, written: Written | None) -> object:
    if written is not None:
        return written.nothing if value is None else written.write(value)
    match value:
        case Mapping():
            return {name: _said(inner, table, None) for name, inner in value.items()}
        case tuple():
            return [_said(inner, table, None) for inner in value]
        case _:
            return value if table is None or value is None else _document(table, value)


def _mark(kind: type[_Mark], types: Iterable[Any]) -> _Mark | None:
    """The mark of a kind on a key's type, or on what that is made of."""
    for each in types:
        mark = each if isinstance(each, kind) else _mark(kind, get_args(each))
        if mark is not None:
            return mark
    return None
