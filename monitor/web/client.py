"""Changing something from another process: through the API of the program that holds the store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import httpx

from monitor.ports import JSON
from monitor.ports.commands import Command, Ingest, RecordLotEvent
from monitor.web.bodies import sent
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

    def carry_out(self, command: Command) -> JSON:
        """See :class:`monitor.ports.Commands`. Not for ``live`` messages: gateways have a way of their own. Raises
        WriterUnreachableError if the program doesn't answer, or can't commit."""
        match command:
            case Ingest():
                return self._ingest(command)
            case RecordLotEvent():
                path = f"/lots/{quote(command.lot, safe='')}/events"
                return self._ask(path, {**command.event, "site": command.site})
            case _:
                return self._ask(*sent(command))

    def _ask(self, path: str, body: JSON) -> JSON:
        answer = self._send(path, json.dumps(body).encode(), 30.0)
        if answer.status_code == 404:
            raise LookupError(_said(answer))
        if answer.status_code != 200 and not _is_conflict(answer):
            raise ValueError(_said(answer))
        done: JSON = answer.json()
        return done

    def _ingest(self, command: Ingest) -> JSON:
        if command.live:
            raise ValueError("live readings go to /api/v1/ingest/readings")
        messages = ((Recorded(m.topic, m.payload, m.received_at), m.token) for m in command.messages)
        part = encode_part(messages, command.marks, last=command.last)
        answer = self._send("/ingest/messages", part, PART_SECONDS)
        if answer.status_code != 200:
            raise WriterUnreachableError(f"the running program took no more: {_said(answer)}")
        done: JSON = answer.json()
        return done

    def _send(self, path: str, body: bytes, timeout: float) -> httpx.Response:
        try:
            way_in = json.loads(self._token_file.read_text(encoding="utf-8"))
            return httpx.post(
                f"{way_in['url']}/api/v1{path}",
                content=body,
                headers={"Authorization": f"Bearer {way_in['token']}", "Content-Type": "application/json"},
                timeout=timeout,
            )
        except (OSError, ValueError, httpx.HTTPError) as error:
            raise WriterUnreachableError(
                f"the store is held by a running program whose API can't be reached ({error}); "
                f"look at {self._token_file} and at that program's log, or stop it"
            ) from error


def _is_conflict(answer: httpx.Response) -> bool:
    """Whether a lot event was set aside: that is an outcome, not a refusal."""
    return answer.status_code == 409 and answer.json().get("outcome") == "conflict"


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
