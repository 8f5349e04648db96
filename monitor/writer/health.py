"""How the program itself is: what it has done, and which of its parts work, on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.core.time.instant import HOUR
from monitor.ports import JSON, Fact, Store, Tx


@dataclass(slots=True)
class Counts:
    """What has been done since the start, for metrics and the demo's summary."""

    received: int = 0
    duplicates: int = 0
    appended: int = 0
    judged: int = 0
    rejected: int = 0
    events: int = 0
    excursion_changes: int = 0
    confirmed: int = 0
    alarms_raised: int = 0
    batches: int = 0


def note_health(store: Store, tx: Tx, parts: Mapping[str, bool], counts: Counts, now: int) -> None:
    """Records a version of the program's health if a part has changed, or an hour has passed."""
    old = store.facts.one(tx, "health", "monitor")
    body: JSON = {f"{part}_ok": is_ok for part, is_ok in parts.items()}
    is_news = old is None or any(old.body.get(key) != value for key, value in body.items())
    if old is not None and not is_news and now - old.recorded_at < HOUR:
        return
    body["readings_judged"] = counts.judged
    version = 1 if old is None else old.version + 1
    fact = Fact("health", "monitor", version, now, "monitor", now, None, body)
    store.facts.record(tx, fact, "changed" if is_news else "hourly")
