"""Importing: files part by part through the one port for what changes anything, from where it stopped last time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from monitor.core.answer.shape import AnyAnswer
from monitor.ingest.decode import Decoder
from monitor.ingest.files import read_parts
from monitor.ingest.past_file import PastFile, UnusableFileError
from monitor.ports import JSON, Clock, Commands, Decoded, Message
from monitor.ports.commands import Ingest
from monitor.wire.recording import Origin
from monitor.wire.registry import OURS

FIRST_REJECTED = 20
"""Rejected rows that the summary has in words; all are counted."""
Progress = Callable[[str, int, float], None]
"""``progress(what, rows, share)``: which file or step, how many rows are done in all, how much of it (0 to 1)."""


def mark_of(file: PastFile) -> str:
    """The name under which the store keeps how far a file has come: its content's, so that a file that was changed
    begins again and one that was moved goes on."""
    return f"import:{file.digest}"


# --- what the writer does with a part ---


def decode(decoder: Decoder, messages: Sequence[Message]) -> Decoded:
    """What messages say, whatever way they came. Of one with an :class:`~monitor.wire.recording.Origin` as token,
    what is rejected names file and line, each reading by itself."""
    plain = [m for m in messages if not isinstance(m.token, Origin) or m.token.refused is None]
    decoded = decoder(plain)
    if decoded.rejected:  # seldom: once more, to see what belongs to which
        decoded = Decoded()
        for message in plain:
            said = decoder((message,))
            decoded.readings += said.readings
            decoded.lot_events += said.lot_events
            decoded.unit_events += said.unit_events
            decoded.statuses += said.statuses
            decoded.rejected += [
                located for row in said.rejected for located in _located(row, message, message.token)
            ]
    for message in messages:
        origin = message.token
        if isinstance(origin, Origin) and origin.refused is not None:
            reason, detail = origin.refused
            decoded.rejected.append(
                {
                    "received_at": message.received_at,
                    "topic": message.topic,
                    "payload": message.payload,
                    "reason": reason,
                    "detail": _where(origin, origin.lines[0]) + _one_line(detail),
                    "item": None,
                }
            )
    return decoded


def _located(row: JSON, message: Message, origin: Origin | None) -> Iterator[JSON]:
    if origin is None:
        yield row
    elif row["item"] is None and len(origin.lines) > 1:
        # A message is refused as a whole, for its channel: each of its rows is.
        for line, payload in zip(origin.lines, OURS.items_of(message.payload), strict=True):
            yield {**row, "payload": payload, "detail": _where(origin, line) + row["detail"]}
    else:
        line = origin.lines[row["item"] or 0] if len(origin.lines) > 1 else origin.lines[0]
        yield {**row, "detail": _where(origin, line) + row["detail"]}


def _where(origin: Origin, line: int) -> str:
    return f"{_one_line(origin.source[-200:])}:{line}: "


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text[:500])


# --- the whole import ---


@dataclass(slots=True)
class _Sum:
    """What has come of the import so far. It grows with what changed and is rejected, not with the rows."""

    counts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    first: list[JSON] = field(default_factory=list)
    excursions: dict[str, str] = field(default_factory=dict)
    lots: list[JSON] = field(default_factory=list)
    past_alarms: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def add(self, answer: AnyAnswer) -> None:
        """Adds what one part came to."""
        for name in ("readings", "events", "statuses", "duplicates", "duplicate_events"):
            self.counts[name] = self.counts.get(name, 0) + answer.get(name, 0)
        rejected = answer.get("rejected", {"counts": {}, "first": []})
        for reason, count in rejected["counts"].items():
            self.rejected[reason] = self.rejected.get(reason, 0) + count
        self.first += rejected["first"][: FIRST_REJECTED - len(self.first)]
        for name, what in answer["excursions"].items():
            was = self.excursions.get(name)
            if was == "new" and what == "withdrawn":
                del self.excursions[name]  # a step of ours between two parts, and nobody else's business
            else:
                self.excursions[name] = "new" if was == "new" else what
        self.lots += answer.get("lots", [])
        self.past_alarms += answer["past_alarms"]
        self.alarms += answer.get("alarms", [])

    def as_json(self, files: Sequence[JSON], *, interrupted: bool) -> JSON:
        """The summary."""
        counts = self.counts
        return {
            "files": list(files),
            "rows": sum(file["rows"] - file["resumed_at"] for file in files),
            "accepted": counts.get("readings", 0) + counts.get("events", 0) + counts.get("statuses", 0),
            "readings": counts.get("readings", 0),
            "events": counts.get("events", 0),
            "duplicates": counts.get("duplicates", 0) + counts.get("duplicate_events", 0),
            "rejected": sum(self.rejected.values()),
            "rejected_by_reason": self.rejected,
            "rejected_first": self.first,
            "excursions": {
                kind: sorted(
                    (name for name, what in self.excursions.items() if what == kind), key=lambda x: int(x[1:])
                )
                for kind in ("new", "changed", "withdrawn")
            },
            "lots": self.lots,
            "past_alarms": list(dict.fromkeys(self.past_alarms)),
            "alarms": list(dict.fromkeys(self.alarms)),
            "interrupted": interrupted,
        }


def import_files(
    commands: Commands,
    files: Sequence[PastFile],
    *,
    root: str,
    clock: Clock,
    done: Callable[[str], int],
    progress: Progress,
    stop: threading.Event,
) -> JSON:
    """Imports files one after the other, and returns the summary.

    ``done(mark)`` says how many rows of a file an import that was broken off had taken. ``stop`` breaks off after the
    part under way; the next import of the same files goes on there. A part is sent when the one before is durable.
    """
    total, file_sums = _Sum(), list[JSON]()
    for number, file in enumerate(files):
        start = done(mark_of(file)) if file.digest else 0
        file_sums.append({"file": file.name, "rows": start, "resumed_at": start, "damaged": None})
        try:
            for part in read_parts(file, root=root, clock=clock, skip=start):
                marks = {mark_of(file): str(part.rows)} if file.digest else {}
                total.add(commands.carry_out(Ingest(messages=part.messages, marks=marks)))
                file_sums[-1]["rows"] = part.rows
                progress(
                    file.name, sum(each["rows"] for each in file_sums), (number + part.share) / len(files)
                )
                if stop.is_set():
                    return total.as_json(file_sums, interrupted=True)
        except UnusableFileError as error:  # what came before is good, and so may the other files be
            file_sums[-1]["damaged"] = str(error)
    # All are in: the same file again begins anew, and comes to nothing but duplicates.
    begin_anew = {mark_of(file): "0" for file in files if file.digest}
    while not stop.is_set():
        answer = commands.carry_out(Ingest(marks=begin_anew, last=True))
        total.add(answer)
        progress(
            f"judging again: {answer['left']} channels left", sum(each["rows"] for each in file_sums), 1.0
        )
        if answer["ended"]:
            return total.as_json(file_sums, interrupted=False)
    return total.as_json(file_sums, interrupted=True)
