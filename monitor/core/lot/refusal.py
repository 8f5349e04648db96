"""Which events that a person states about a lot would change nothing, and are refused with a sentence.

What comes over the wire is never refused for this: it is on record, and judging passes it over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from monitor.core.lot.custody import LotHistory, expiry_of
from monitor.core.lot.event import LotEvent, LotEventKind
from monitor.core.time.instant import format_instant


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a lot as an event about it is stated: its history as of the event, the kind of each of its
    events on record by id, which of the event's children are lots already, the profile version that judges it (None:
    it isn't registered), all ``profiles`` there are, the ``last_binding`` of all, and the site's zone."""

    history: LotHistory
    kinds: Mapping[str, str]
    children: Collection[str]
    profile: str | None
    profiles: Sequence[str]
    last_binding: LotEvent | None
    zone: ZoneInfo


def why_without_effect(event: LotEvent, standing: Standing) -> str | None:
    """Why an event would change nothing; None: it would, or it is the log's to say (the same id again)."""
    decide = _DECIDED.get(event.kind)
    return None if decide is None or event.event_id in standing.kinds else decide(event, standing)


def _registration(event: LotEvent, standing: Standing) -> str | None:
    if standing.history.registered is None and LotEventKind.REGISTERED not in standing.kinds.values():
        return None
    return f"lot {event.lot} is registered already; use another id, or void its registration"


def _voiding(event: LotEvent, standing: Standing) -> str | None:
    return None if event.voids in standing.kinds else f"lot {event.lot} has no event {event.voids!r} to void"


def _aliquoting(event: LotEvent, standing: Standing) -> str | None:
    if not standing.children:
        return None
    return f"{', '.join(standing.children)}: a lot already; an aliquot needs an id of its own"


def _expiry_change(event: LotEvent, standing: Standing) -> str | None:
    expires_at = standing.history.expires_at
    if expires_at is None or (expiry_of(event, standing.zone) or 0) < expires_at:
        return None
    return (
        f"lot {event.lot} expires at {format_instant(expires_at)}; an expiry date can only be brought forward, a later"
        " one is a signed decision of QA"
    )


def _binding(event: LotEvent, standing: Standing) -> str | None:
    lot, last = event.lot, standing.last_binding
    if standing.profile is None:
        return f"there is no lot {lot!r}"
    if standing.history.disposed_at is not None:
        return f"lot {lot} was disposed of; it stays judged as it was then"
    if event.profile not in standing.profiles:
        return (
            f"there is no profile version {event.profile!r}; write one of {', '.join(standing.profiles)}"
            " (a new file is read when the program starts)"
        )
    if event.profile == standing.profile:
        return f"lot {lot} is judged by {standing.profile} already"
    if last is not None and last.key > event.key:
        return (
            f"lot {lot} was bound to {last.profile} at {format_instant(last.occurred_at)}, which is later than now;"
            " see whether this machine's clock is right"
        )
    return None


_DECIDED: Mapping[LotEventKind, Callable[[LotEvent, Standing], str | None]] = {
    LotEventKind.REGISTERED: _registration,
    LotEventKind.VOIDED: _voiding,
    LotEventKind.ALIQUOTED: _aliquoting,
    LotEventKind.EXPIRY_CHANGED: _expiry_change,
    LotEventKind.BOUND: _binding,
}
