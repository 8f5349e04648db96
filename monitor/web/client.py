"""Changing something from another process: through the API of the program that holds the store."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import httpx

from monitor.core.time.instant import format_instant
from monitor.ports import JSON, Message
from monitor.wire.recording import Recorded, encode_part

PART_SECONDS = 600.0
"""How long a part of an import may take: a long history may have to be judged again."""


class WriterUnreachableError(RuntimeError):
    """A program holds the store, but its API doesn't answer; the text names both and the remedy."""


def write_token_file(path: Path, url: str, token: str) -> None:
    """Leaves the way in beside the store: readable by its owner alone."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": token}, file)


class ApiCommands:
    """Implements :class:`monitor.ports.Commands` over HTTP."""

    def __init__(self, token_file: Path) -> None:
        self._token_file = token_file

    def lot_event(self, site: str, lot: str, event: JSON) -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._post(f"lots/{quote(lot, safe='')}/events", {**event, "site": site})

    def acknowledge(
        self, alarm: str, *, by: str, reason: str = "", action: str = "", how: str = "api"
    ) -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._alarm(alarm, "acknowledge", {"by": by, "reason": reason, "action": action, "how": how})

    def reset(self, alarm: str, *, by: str, reason: str = "") -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._alarm(alarm, "reset", {"by": by, "reason": reason})

    def shelve(self, alarm: str, *, by: str, reason: str, until: int) -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._alarm(alarm, "shelve", {"by": by, "reason": reason, "until": format_instant(until)})

    def unshelve(self, alarm: str, *, by: str, reason: str = "") -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._alarm(alarm, "unshelve", {"by": by, "reason": reason})

    def suppress(
        self,
        subject: str,
        *,
        kind: Literal["suppressed", "out_of_service"],
        by: str,
        reason: str,
        start: int | None = None,
        until: int,
    ) -> JSON:
        """See :class:`monitor.ports.Commands`."""
        body = {"subject": subject, "kind": kind, "by": by, "reason": reason, "until": format_instant(until)}
        return self._act("suppressions", body if start is None else {**body, "from": format_instant(start)})

    def end_suppression(self, suppression: str, *, by: str, reason: str = "") -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._act(f"suppressions/{quote(suppression, safe='')}/end", {"by": by, "reason": reason})

    def _alarm(self, alarm: str, what: str, body: JSON) -> JSON:
        return self._act(f"alarms/{quote(alarm, safe='')}/{what}", body)

    def _act(self, path: str, body: JSON) -> JSON:
        """Asks the running program; raises LookupError for what isn't there, ValueError with what it says."""
        answer = self._send(path, json.dumps(body).encode(), 30.0)
        if answer.status_code == 404:
            raise LookupError(_said(answer))
        if answer.status_code != 200:
            raise ValueError(_said(answer))
        found: JSON = answer.json()
        return found

    def bind(self, lot: str, profile: str, *, reason: str, by: str) -> JSON:
        """See :class:`monitor.ports.Commands`."""
        return self._post(
            f"lots/{quote(lot, safe='')}/binding", {"profile": profile, "reason": reason, "by": by}
        )

    def ingest(
        self,
        messages: Sequence[Message],
        *,
        live: bool = False,
        marks: Mapping[str, str] | None = None,
        last: bool = False,
    ) -> JSON:
        """See :class:`monitor.ports.Commands`. Not for ``live`` messages: gateways have a way of their own."""
        if live:
            raise ValueError("live readings go to /api/v1/ingest/readings")
        sent = ((Recorded(m.topic, m.payload, m.received_at), m.token) for m in messages)
        answer = self._send("ingest/messages", encode_part(sent, marks or {}, last=last), PART_SECONDS)
        if answer.status_code != 200:
            raise WriterUnreachableError(f"the running program took no more: {_said(answer)}")
        found: JSON = answer.json()
        return found

    def _post(self, path: str, body: JSON) -> JSON:
        """Asks the running program; raises ValueError with what it says against it."""
        answer = self._send(path, json.dumps(body).encode(), 30.0)
        found: JSON = answer.json()
        if answer.status_code in (200, 409) and "outcome" in found:
            return found
        raise ValueError(_said(answer))

    def _send(self, path: str, body: bytes, timeout: float) -> httpx.Response:
        try:
            way_in = json.loads(self._token_file.read_text(encoding="utf-8"))
            return httpx.post(
                f"{way_in['url']}/api/v1/{path}",
                content=body,
                headers={"Authorization": f"Bearer {way_in['token']}", "Content-Type": "application/json"},
                timeout=timeout,
            )
        except (OSError, ValueError, httpx.HTTPError) as error:
            raise WriterUnreachableError(
                f"the store is held by a running program whose API can't be reached ({error}); "
                f"look at {self._token_file} and at that program's log, or stop it"
            ) from error


def _said(answer: httpx.Response) -> str:
    """What the API said was wrong: what a command gave as its reason, else the text with the remedy."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    said = body.get("error", {})
    reason = body.get("reason")
    if isinstance(reason, str):
        return reason
    return str(said.get("text", answer.text)) + (f"; {said['remedy']}" if said.get("remedy") else "")
