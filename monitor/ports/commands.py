"""What people and other programs may do, as values: each command is said once, here.

A field says what people are told of it (:class:`Said`): the bodies of the API and its description, the fields of forms,
the options of the command line and the checks of what was written all come from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from typing import Annotated, Any, Literal, Protocol, TypeVar, cast, get_args, get_type_hints

from monitor.core.answer.shape import AnyAnswer
from monitor.core.fact import JSON
from monitor.ports.source import Message

TEXT_MAX = 500
"""Of a line that people write, so many characters are kept."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a field of a command is for people: ``what`` in a phrase ("what was done about it"), and the sentence that
    is said where a text is missing; None: it may be left out. ``{kind}`` in it is the command's.

    Roles: a ``thing`` that the command is about, a ``line`` that somebody writes, or a ``text``, which is kept as
    written, a ``choice`` of words, a ``begin`` or an ``end``, which may be said as an instant or as a time from now on,
    and the ``way`` by which the command came. ``is_needed`` and ``choices`` are read off the field.
    """

    role: Literal["thing", "line", "text", "choice", "begin", "end", "way"]
    what: str = ""
    missing: str | None = None
    is_needed: bool = True
    choices: tuple[str, ...] = ()


def _by(missing: str, role: Literal["line", "text"] = "line") -> Said:
    return Said(role, "who does it: a person's name", missing)


_QUIET = ": whoever comes next must know why it is quiet"
_BINDING = "a binding needs {!r}: it is kept who bound a lot, and why"

Alarm = Annotated[str, Said("thing", "the alarm's id, such as a17")]
Why = Annotated[str, Said("line", "why")]
Until = Annotated[int, Said("end")]


class Spoken:
    """A command whose fields are filled in by people, one by one; each has its :class:`Said`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge(Spoken):
    """Somebody takes an alarm; answers with the alarm as it is then. One that is acknowledged already stays with the
    first name."""

    alarm: Alarm
    by: Annotated[str, _by("an acknowledgement needs the name of whoever takes the alarm")]
    reason: Why = ""
    action: Annotated[str, Said("line", "what was done about it")] = ""
    how: Annotated[Literal["api", "cli", "web", "link"], Said("way")] = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Spoken):
    """A latched alarm that was acknowledged is dealt with; answers with the alarm."""

    alarm: Alarm
    by: Annotated[str, _by("a reset needs the name of whoever holds the alarm to be dealt with")]
    reason: Why = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelve(Spoken):
    """Nobody is told of an alarm's condition and subject before ``until`` (ms), unless it breaks through; answers with
    the suppression."""

    alarm: Alarm
    by: Annotated[str, _by("shelving needs an owner: whoever answers for it")]
    reason: Annotated[str, Said("line", f"why{_QUIET}", f"shelving needs a reason{_QUIET}")]
    until: Until


@dataclass(frozen=True, slots=True, kw_only=True)
class Unshelve(Spoken):
    """Ends a shelf now; answers with the suppression that ended."""

    alarm: Alarm
    by: Annotated[str, _by("unshelving needs a name")]
    reason: Why = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress(Spoken):
    """Nobody is told of the alarms of a unit or a channel from ``start`` (ms; None: now) to ``until``; answers with the
    suppression."""

    subject: Annotated[str, Said("thing", "site/unit or site/unit/probe")]
    kind: Annotated[
        Literal["suppressed", "out_of_service"],
        Said("choice", "suppressed (planned), or out_of_service (not relied on)"),
    ]
    by: Annotated[str, _by("{kind} needs an owner: whoever answers for it")]
    reason: Annotated[str, Said("line", f"why{_QUIET}", f"{{kind}} needs a reason{_QUIET}")]
    start: Annotated[int | None, Said("begin")] = None
    until: Until


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSuppression(Spoken):
    """Ends a suppression before its time; answers with it."""

    suppression: Annotated[str, Said("thing")]
    by: Annotated[str, _by("ending it needs a name")]
    reason: Why = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindProfile(Spoken):
    """From now on a lot is judged by another profile version (``name@version``), over its whole timeline: a decision of
    QA, kept as an event of the lot. Answers as :class:`RecordLotEvent`."""

    lot: Annotated[str, Said("thing")]
    profile: Annotated[str, Said("thing", "the profile version that judges it from now on")]
    reason: Annotated[str, Said("text", "why", _BINDING.format("reason"))]
    by: Annotated[str, _by(_BINDING.format("by"), "text")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLotEvent:
    """A lot event in the wire's words; answers ``{"event_id", "outcome"}`` where outcome is ``recorded``, ``duplicate``
    or ``conflict``."""

    site: str
    lot: str
    event: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Messages that came by another way than the broker; they are durable when it is carried out.

    ``live``: they are signs of life, judged as if the broker had sent them. Otherwise they are a part of an import:
    what is over when the import ends wakes no one. ``marks`` are small named values that are kept in the same commit,
    to go on from; ``last`` (without messages) goes a step towards the end, until the answer's ``ended`` is true, and
    ``marks`` are then kept. What the answers hold: :mod:`monitor.writer.intake.imports`.
    """

    messages: Sequence[Message] = ()
    live: bool = False
    marks: Mapping[str, str] = field(default_factory=dict)
    last: bool = False


OfAlarms = Acknowledge | Reset | Shelve | Unshelve | Suppress | EndSuppression
"""What people do about alarms."""
Command = OfAlarms | BindProfile | RecordLotEvent | Ingest

SomeSpoken = TypeVar("SomeSpoken", bound=Spoken)


class Commands(Protocol):
    """What changes anything: in the process that writes, or through its API from another."""

    def carry_out(self, command: Command) -> AnyAnswer:
        """Does it, and answers as the command says. Raises LookupError for what it is about and isn't there, ValueError
        with a sentence where it is refused."""


# --- what is said of a command's fields ---------------------------------------------------------------------


@cache
def _said_of(kind: type[Any]) -> dict[str, Said]:
    said, hints = {}, get_type_hints(kind, include_extras=True)
    for each in fields(kind):
        type_, of_field = get_args(hints[each.name])
        choices = get_args(type_) if of_field.role in ("choice", "way") else ()
        said[each.name] = replace(of_field, is_needed=each.default is MISSING, choices=choices)
    return said


def said_of(kind: type[Spoken]) -> Mapping[str, Said]:
    """What people are told of each field, in the order of the fields."""
    return _said_of(cast(Any, kind))


def values_of(command: Spoken) -> dict[str, Any]:
    """What each field says."""
    return {name: getattr(command, name) for name in said_of(type(command))}


def missing_in(kind: type[Spoken], given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The needed texts that are blank in what was ``given``, each with the sentence that is said then."""
    for name, said in said_of(kind).items():
        if said.missing is not None and not given[name].strip():
            yield name, said.missing.format(kind=given.get("kind", "").replace("_", " "))


def tidied(command: SomeSpoken) -> SomeSpoken:
    """The command with its texts as they are kept. Raises ValueError, in words, where one is missing, is too long, or
    can't be kept."""
    kind: Callable[..., SomeSpoken] = type(command)
    values = values_of(command)
    for name, said in said_of(type(command)).items():
        if said.role == "line":
            values[name] = _line(name, values[name])
        elif said.role == "text":
            values[name] = _text(name, values[name])
    for _, sentence in missing_in(type(command), values):
        raise ValueError(sentence)
    return kind(**values)


def _line(name: str, text: str) -> str:
    """Printable, on one line, bounded."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > TEXT_MAX:
        raise ValueError(f"{name!r} has {len(line)} characters, of which {TEXT_MAX} are kept: shorten it")
    return line


def _text(name: str, text: str) -> str:
    """As it was written. Not every database can keep a NUL."""
    if "\0" in text:
        raise ValueError(f"{name!r} has a NUL character in it")
    return text.strip()
