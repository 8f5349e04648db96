"""A message that is owed, as a row of the store."""

from __future__ import annotations

from typing import Any

from monitor.core.telling.policy import Recipient
from monitor.core.telling.told import MessageKind


def owed_row(
    message_id: str,
    recipient: Recipient,
    words: tuple[str, str],
    *,
    about: str,
    kind: MessageKind,
    now: int,
    run: int = 1,
    waits_for: str | None = None,
) -> dict[str, Any]:
    """The row: ``words`` are subject and body, ``about`` the alarm's or digest's id; due at once,
    but not before the message that it waits for has been delivered."""
    subject, body = words
    return {
        "id": message_id,
        "about": about,
        "kind": kind,
        "run": run,
        "waits_for": waits_for,
        "recipient": recipient.name,
        "medium": recipient.medium,
        "address": recipient.address,
        "subject": subject,
        "body": body,
        "created_at": now,
        "due_at": now,
        "attempts": 0,
    }
