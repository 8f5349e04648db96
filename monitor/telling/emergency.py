"""Telling people when the store fails: no message can be owed as a row then, so it is handed to the media directly.

Everybody on the ladder is told at once, since nobody could acknowledge: once per address and hour for as long as it
lasts. What was told is kept in memory alone; a restart may tell it again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from monitor.core.alarm.alarm import Alarm, cleared, raised
from monitor.core.alarm.condition import Truth
from monitor.core.telling.policy import NOWHERE, Policy, Recipient
from monitor.core.telling.told import MessageKind
from monitor.core.time.instant import HOUR, MINUTE
from monitor.ports import Clock, Medium, Notification
from monitor.words.voice import Voice

log = structlog.get_logger(__name__)

EVERY = 1 * HOUR
RETRY_AFTER = 1 * MINUTE
AT_ONCE = 4


def everybody(policy: Policy, truth: Truth, now: int) -> list[Recipient]:
    """Whom a truth about ourselves concerns: all steps of its ladder; all people where that leads to nobody."""
    ladder = policy.ladder_of(raised("emergency", truth, now=now), NOWHERE)
    contacts = [contact for step in ladder.steps for contact in policy.contacts_of(step, now)]
    contacts = contacts or list(policy.contacts.values())
    found = dict.fromkeys(one for contact in contacts for one in contact.recipients)
    return [*found, *(one for one in policy.always if one not in found)]


class Emergency:
    """Tells people without the store. At most ``AT_ONCE`` messages are under way, one to an address."""

    def __init__(self, media: Mapping[str, Medium], policy: Policy, voice: Voice, clock: Clock) -> None:
        self._media = media
        self._policy = policy
        self._voice = voice
        self._clock = clock
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="emergency")
        self._lock = threading.Lock()
        self._next_at: dict[Recipient, int] = {}
        self._busy: set[Recipient] = set()
        self._told: dict[Recipient, Alarm] = {}

    def tell(self, truth: Truth) -> None:
        """Tells everybody to whom it is due, and doesn't wait for that."""
        now = self._clock.now()
        alarm = raised(f"emergency-{truth.since_at}", truth, now=now)
        with self._lock:
            due = [
                one
                for one in everybody(self._policy, truth, now)
                if one not in self._busy and self._next_at.get(one, now) <= now
            ]
            self._busy.update(due)
        for recipient in due:
            self._pool.submit(self._deliver, recipient, alarm, "opened", now)

    def over(self) -> None:
        """The store commits again: those who were told hear it, and another failure is told at once."""
        now = self._clock.now()
        with self._lock:
            told, self._told = self._told, {}
            self._next_at.clear()
            self._busy.update(told)
        evidence = {"clear_reason": "recovered"}
        for recipient, alarm in told.items():
            self._pool.submit(
                self._deliver, recipient, cleared(alarm, at=now, evidence=evidence), "closed", now
            )

    @property
    def is_busy(self) -> bool:
        """Whether messages are still under way."""
        return bool(self._busy)

    def _deliver(self, recipient: Recipient, alarm: Alarm, kind: MessageKind, now: int) -> None:
        name, medium_kind, address = recipient
        body = alarm.to_json()
        subject, text = self._voice.message(kind, body)
        message_id = f"{alarm.id}:{kind}:{now}:{name}:{medium_kind}"
        message = Notification(
            message_id,
            name,
            medium_kind,
            address,
            subject,
            text,
            about=alarm.id,
            kind=kind,
            created_at=now,
            alarm=body,
        )
        is_told = False
        try:
            self._media[medium_kind].deliver(message)
            is_told = True
        except Exception as error:  # whatever it is, the others must be told
            log.warning("emergency_not_delivered", recipient=name, medium=medium_kind, error=str(error))
        finally:
            with self._lock:
                self._busy.discard(recipient)
                if kind == "opened":
                    self._next_at[recipient] = now + (EVERY if is_told else RETRY_AFTER)
                    if is_told:
                        self._told[recipient] = alarm

    def close(self) -> None:
        """Begins nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
