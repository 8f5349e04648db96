"""Changing something from another process: through the API of the program that holds the store."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx

from monitor.ports import JSON


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
        try:
            way_in = json.loads(self._token_file.read_text(encoding="utf-8"))
            answer = httpx.post(
                f"{way_in['url']}/api/v1/lots/{lot}/events",
                json={**event, "site": site},
                headers={"Authorization": f"Bearer {way_in['token']}"},
                timeout=30.0,
            )
        except (OSError, ValueError, httpx.HTTPError) as error:
            raise WriterUnreachableError(
                f"the store is held by a running program whose API can't be reached ({error}); "
                f"look at {self._token_file} and at that program's log, or stop it"
            ) from error
        found: JSON = answer.json()
        if answer.status_code in (200, 409) and "outcome" in found:
            return found
        said = found.get("error", {})
        raise ValueError(
            said.get("text", answer.text) + (f"; {said['remedy']}" if said.get("remedy") else "")
        )
