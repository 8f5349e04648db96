"""What changes anything, in the process that holds the store: people's decisions, lot events, imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from monitor.core.answer.shape import AnyAnswer
from monitor.ingest.decode import Decoder
from monitor.ingest.past import decode
from monitor.ports import JSON, Message, View
from monitor.program.assembly import binding
from monitor.writer.writer import Writer


class OwnCommands:
    """Implements :class:`monitor.ports.Commands`. What is owed is sent while the program runs."""

    def __init__(self, monitor: Writer, decoder: Decoder, view: View) -> None:
        self._monitor = monitor
        self._decoder = decoder
        self._view = view

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        parsed = self._decoder.parse_lot_event(site, lot, event)
        return {"event_id": parsed.event_id, "outcome": self._monitor.lot_event(parsed)}

    def bind(self, lot: str, profile: str, *, reason: str, by: str) -> JSON:
        event = binding(self._view, lot, profile, reason=reason, by=by)
        return {"event_id": event.event_id, "outcome": self._monitor.lot_event(event)}

    def ingest(
        self,
        messages: Sequence[Message],
        *,
        live: bool = False,
        marks: Mapping[str, str] | None = None,
        last: bool = False,
    ) -> JSON:
        decoded = decode(self._decoder, messages)
        return self._monitor.ingest(decoded, live=live, marks=marks or {}, last=last)

    def acknowledge(
        self, alarm: str, *, by: str, reason: str = "", action: str = "", how: str = "api"
    ) -> AnyAnswer:
        return self._monitor.parts.operators.acknowledge(alarm, by=by, reason=reason, action=action, how=how)

    def reset(self, alarm: str, *, by: str, reason: str = "") -> AnyAnswer:
        return self._monitor.parts.operators.reset(alarm, by=by, reason=reason)

    def shelve(self, alarm: str, *, by: str, reason: str, until: int) -> AnyAnswer:
        return self._monitor.parts.operators.shelve(alarm, by=by, reason=reason, until=until)

    def unshelve(self, alarm: str, *, by: str, reason: str = "") -> AnyAnswer:
        return self._monitor.parts.operators.unshelve(alarm, by=by, reason=reason)

    def suppress(
        self,
        subject: str,
        *,
        kind: Literal["suppressed", "out_of_service"],
        by: str,
        reason: str,
        start: int | None = None,
        until: int,
    ) -> AnyAnswer:
        return self._monitor.parts.operators.suppress(
            subject, kind=kind, by=by, reason=reason, start=start, until=until
        )

    def end_suppression(self, suppression: str, *, by: str, reason: str = "") -> AnyAnswer:
        return self._monitor.parts.operators.end_suppression(suppression, by=by, reason=reason)
