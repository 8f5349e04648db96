"""What changes anything, in the process that holds the store: people's decisions, lot events, imports."""

from __future__ import annotations

import uuid

from monitor.core.answer.shape import AnyAnswer
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.ingest.decode import Decoder
from monitor.ingest.past import decode
from monitor.ports import JSON, LotView
from monitor.ports.commands import BindProfile, Command, Ingest, RecordLotEvent, tidied
from monitor.writer.writer import Writer


class OwnCommands:
    """Implements :class:`monitor.ports.Commands`. What is owed is sent while the program runs."""

    def __init__(self, writer: Writer, decoder: Decoder, view: LotView) -> None:
        self._writer = writer
        self._decoder = decoder
        self._view = view

    def carry_out(self, command: Command) -> AnyAnswer:
        """See :class:`monitor.ports.Commands`."""
        match command:
            case RecordLotEvent():
                event = self._decoder.parse_lot_event(command.site, command.lot, command.event)
                return self._record(event)
            case BindProfile():
                return self._record(binding(self._view, command))
            case Ingest():
                decoded = decode(self._decoder, command.messages)
                marks = command.marks
                return self._writer.ingest(decoded, live=command.live, marks=marks, last=command.last)
            case _:
                return self._writer.parts.operators.carry_out(command)

    def _record(self, event: LotEvent) -> JSON:
        return {"event_id": event.event_id, "outcome": self._writer.lot_event(event)}


def binding(view: LotView, command: BindProfile) -> LotEvent:
    """The event by which QA binds a lot to another profile version, now.

    Raises LookupError for an unknown lot; ValueError, in words, where it isn't said who binds it and why.
    """
    wanted = tidied(command)
    lot = view.lot(wanted.lot)
    if lot is None:
        raise LookupError(f"there is no lot {wanted.lot!r}")
    return LotEvent(
        lot=wanted.lot,
        site=lot["site"],
        event_id=str(uuid.uuid4()),
        occurred_at=view.now(),
        kind=LotEventKind.BOUND,
        by=wanted.by,
        profile=wanted.profile,
        reason=wanted.reason,
    )
