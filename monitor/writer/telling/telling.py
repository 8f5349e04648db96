"""From what is true of an alarm to the rows that say what is owed about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from monitor.core.alarm.alarm import Alarm
from monitor.core.alarm.suppression import Suppression
from monitor.core.telling.policy import Place, Policy
from monitor.core.telling.told import Owed, message_id, plan
from monitor.ports import JSON, Store, Tx
from monitor.ports.outbox import owed_row
from monitor.words.voice import Voice

Present = Callable[[Tx, Alarm, int], JSON]
"""What of an alarm's JSON is otherwise now than when it was raised."""


class Telling:
    """Compares what is true with what was told, and owes the difference. Used by the one writer. ``present`` says how
    it is now: what is told late, or again, must not be of long ago."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        voice: Voice,
        place_of: Callable[[Alarm], Place],
        present: Present,
    ) -> None:
        self._store = store
        self._policy = policy
        self._voice = voice
        self._place_of = place_of
        self._present = present

    def tell(
        self, tx: Tx, alarm: Alarm, now: int, *, is_hushed: bool, children: Sequence[Alarm] = ()
    ) -> bool:
        """Owes what is to be said of an alarm now, and withdraws what is no longer true; whether time alone may owe
        more."""
        told = self._store.outbox.told(tx, alarm.id)
        planned = plan(alarm, told, self._policy, now, place=self._place_of(alarm), is_hushed=is_hushed)
        # All is put into words before anything is written: what fails has changed nothing.
        rows: list[dict[str, object]] = []
        if planned.owed:
            names = {one.recipient.name for one in told.values()}
            names |= {one.recipient.name for one in planned.owed}
            body = {**alarm.to_json(), **self._present(tx, alarm, now)}
            rows = self._rows(alarm, body, planned.owed, names, children, now)
        self._store.outbox.withdraw(tx, planned.withdrawn, now)
        if rows:
            self._store.outbox.owe(tx, rows)
        return planned.more

    def _rows(
        self,
        alarm: Alarm,
        body: JSON,
        owed: Iterable[Owed],
        names: set[str],
        children: Sequence[Alarm],
        now: int,
    ) -> list[dict[str, object]]:
        of_children = [child.to_json() for child in children]
        return [
            owed_row(
                message.id,
                message.recipient,
                self._voice.message(
                    message.kind,
                    body,
                    others=sorted(names - {message.recipient.name}),
                    children=of_children,
                ),
                about=alarm.id,
                kind=message.kind,
                run=alarm.run.number,
                now=now,
                waits_for=message.waits_for,
            )
            for message in owed
        ]

    def shelf_ended(self, tx: Tx, shelf: Suppression, alarm: Alarm, now: int) -> None:
        """Owes the news that something is watched again, to whoever hears first of such an alarm."""
        words = self._voice.shelf_ended(shelf.to_json(), alarm.to_json())
        recipients = dict.fromkeys(self._policy.always)
        first = self._policy.ladder_of(alarm, self._place_of(alarm)).steps[0]
        for contact in self._policy.contacts_of(first, now):
            recipients.update(dict.fromkeys(contact.recipients))
        rows = [
            owed_row(message_id(shelf.id, "notice", to), to, words, about=shelf.id, kind="notice", now=now)
            for to in recipients
        ]
        self._store.outbox.owe(tx, rows)
