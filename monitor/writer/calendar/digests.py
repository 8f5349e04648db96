"""What is told by the calendar: each site's digests, and its weekly summary for QA.

A digest comes also when there is nothing to tell: it is a sign of life, and whoever misses it knows that something is
wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.machine import State
from monitor.core.fact import JSON
from monitor.core.telling.policy import Recipient, place_of
from monitor.core.telling.told import message_id
from monitor.core.time.instant import format_instant
from monitor.ports import AlarmView, Store, Tx
from monitor.ports.outbox import owed_row
from monitor.writer.calendar.periods import OwedPeriod, Periods
from monitor.writer.calendar.week import Week, calibrations, lots_of
from monitor.writer.installed import Installed
from monitor.writer.turn import Turn

_UNSEEN = (State.RETURNED_UNACKNOWLEDGED, State.LATCHED_UNACKNOWLEDGED)


class Digests:
    """Owes digests and summaries. Used by the one writer, within its transactions."""

    def __init__(self, store: Store, around: Installed, view: AlarmView) -> None:
        """``view`` says who isn't watched."""
        self._store = store
        self._around = around
        self._periods = Periods(store)
        self._place_of = partial(place_of, installation=around.installation)
        self._view = view

    def due(self, now: int) -> list[str]:
        """The sites."""
        return list(self._around.installation.zones)

    def look(self, turn: Turn, site: str) -> None:
        """Owes what has come for a site; each time once, and of those that were slept through the last."""
        tx, now, agenda = turn.tx, turn.now, self._around.agenda
        zone = self._around.installation.zone_of(site)
        digest = self._periods.owed(tx, f"digest:{site}", agenda.digest, zone, now)
        if digest is not None:
            words = self._around.voice.digest(site, digest.name, self._digest(tx, site, digest, now))
            recipients = self._around.policy.recipients()
            self._owe(tx, f"digest:{site}", digest, words, recipients, now)
        summary = self._periods.owed(tx, f"summary:{site}", agenda.summary, zone, now)
        if summary is not None:
            week = Week(
                self._store,
                tx,
                self._around,
                self._place_of,
                site=site,
                start=summary.since_at,
                end=now,
            )
            words = self._around.voice.summary(site, summary.name, week.to_json())
            self._owe(tx, f"summary:{site}", summary, words, self._qa(), now)

    def _owe(
        self,
        tx: Tx,
        schedule: str,
        owed: OwedPeriod,
        words: tuple[str, str],
        recipients: Iterable[Recipient],
        now: int,
    ) -> None:
        about = f"{schedule}:{owed.name}"
        rows = [
            owed_row(message_id(about, "digest", to), to, words, about=about, kind="digest", now=now)
            for to in recipients
        ]
        self._store.outbox.owe(tx, rows)
        self._periods.put_done(tx, schedule, owed.name, now)

    def _qa(self) -> list[Recipient]:
        """Who gets the summary: those who are named for it and the console, or everyone."""
        policy = self._around.policy
        named = [policy.contacts[name] for name in self._around.agenda.qa if name in policy.contacts]
        if not named:
            return policy.recipients()
        return [*(one for contact in named for one in contact.recipients), *policy.always]

    def _digest(self, tx: Tx, site: str, owed: OwedPeriod, now: int) -> JSON:
        """``{since, until, open, past, unseen, lots, unwatched, calibrations}``, as
        :func:`monitor.words.digest.digest` words them."""
        news = self._store.facts.current(tx, "alarm", recorded_after=owed.since_at)
        still_open = self._store.facts.current(tx, "alarm", open_only=True)
        here = [fact.body for fact in news if self._is_here(fact.body, site)]
        return {
            "since": format_instant(owed.since_at),
            "until": format_instant(now),
            "open": [fact.body for fact in still_open if self._is_here(fact.body, site)],
            "past": [body for body in here if body["past"]],
            "unseen": [body for body in here if body["state"] in _UNSEEN],
            "lots": lots_of(self._store, tx, site),
            "unwatched": [one for one in self._view.unwatched() if _concerns(one, site)],
            "calibrations": calibrations(self._around.installation, site, now),
        }

    def _is_here(self, body: Mapping[str, Any], site: str) -> bool:
        """Whether an alarm concerns a site; what belongs to none concerns each."""
        return self._place_of(Alarm.from_json(body)).site in (site, None)


def _concerns(unwatched: Mapping[str, Any], site: str) -> bool:
    subject = str(unwatched["subject"])
    return subject.partition("/")[0] == site or "/" not in subject
