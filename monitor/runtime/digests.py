"""The morning's look-ahead: what expires soon, what happened in the past, what is still open."""

from __future__ import annotations

from monitor.core.alarm.told import message_id
from monitor.core.fact import JSON
from monitor.core.instant import DAY
from monitor.ports import Store, Tx
from monitor.runtime.owing import owed_row
from monitor.runtime.surroundings import Surroundings


class Digests:
    """Owes each site's digest. Used by the one writer, within its transactions."""

    def __init__(self, store: Store, around: Surroundings) -> None:
        self._store = store
        self._around = around

    def run(self, tx: Tx, now: int) -> None:
        """Owes the digest of each site whose morning has come; once a local day, late if the machine slept."""
        for site, zone in self._around.installation.zones.items():
            prefix = f"digest:{site}:"
            done = {name.removeprefix(prefix) for name in self._store.markers(tx, prefix)}
            day = self._around.digest_due(now, zone, done)
            if day is not None:
                last_at = max(map(int, self._store.markers(tx, prefix).values()), default=now - DAY)
                self._store.put_markers(tx, {prefix + day: now})
                self._owe(tx, site, day, last_at, now)

    def _owe(self, tx: Tx, site: str, day: str, last_at: int, now: int) -> None:
        lots = [fact.body for fact in self._store.current_facts(tx, "lot", open_only=True)]
        expiring = [body for body in lots if _is_at(body, site) and _is_expiring(body)]
        news = self._store.current_facts(tx, "alarm", recorded_after=last_at)
        past = [fact.body for fact in news if fact.body["past"]]
        still_open = [fact.body for fact in self._store.current_facts(tx, "alarm", open_only=True)]
        if not expiring and not past and not still_open:
            return
        words = self._around.wording.digest(site, day, expiring, past, still_open)
        about = f"digest:{site}:{day}"
        rows = [
            owed_row(
                message_id(about, "digest", recipient),
                recipient,
                words,
                about=about,
                kind="digest",
                now=now,
            )
            for recipient in self._around.policy.recipients()
        ]
        self._store.owe(tx, rows)


def _is_at(body: JSON, site: str) -> bool:
    return str(body["unit"] or f"{site}/").startswith(f"{site}/")


def _is_expiring(body: JSON) -> bool:
    return any(reason["code"] in ("expiring", "expired") for reason in body["reasons"])
