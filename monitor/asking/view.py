"""What can be asked of the store, in the words of docs/json.md: for pages, API, command line and exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

from monitor.asking.alarm_view import AlarmView
from monitor.asking.excursions import Excursions
from monitor.asking.thinning import thin
from monitor.asking.unjudged import Failures, unjudged_lot
from monitor.asking.wall import Wall
from monitor.core.answer.excursion import ExcursionAnswer
from monitor.core.answer.health import HealthAnswer
from monitor.core.answer.lot import LotAnswer
from monitor.core.answer.reading import ReadingAnswer, ReadingsAnswer, RejectedAnswer, RejectedMessageAnswer
from monitor.core.answer.unit import SiteAnswer, UnitAnswer, UnitCard
from monitor.core.channel.fold import Instant, instants
from monitor.core.fact import JSON, lot_body, open_excursion
from monitor.core.lot.custody import LotHistory
from monitor.core.lot.timeline import Abode, UnitVersion, timeline
from monitor.core.outlook.shelter import Shelter
from monitor.core.profile.installation import Unit
from monitor.core.profile.unit import Channel
from monitor.core.time.instant import format_instant, parse_instant
from monitor.ports import Store, Tx
from monitor.writer.installed import Installed
from monitor.writer.lot.findings import Findings, LotEvents
from monitor.writer.lot.ledgers import Ledgers
from monitor.writer.lot.outlook import Outlook, not_known, nothing, with_outlook

_FAILING = frozenset(("warning", "outside", "excursion"))


class View(AlarmView):
    """Implements :class:`monitor.ports.View`."""

    def __init__(self, store: Store, installed: Installed, health: Callable[[], JSON] = dict) -> None:
        """``health`` says how each part of the program is."""
        self._health = health
        super().__init__(store, installed, self._cards_without_outlook)
        self._excursions = Excursions(store, installed)
        self._failures = Failures(store)

    def sites(self) -> list[SiteAnswer]:
        zones = self._installed.installation.zones
        return [{"site": site, "timezone": str(zone)} for site, zone in sorted(zones.items())]

    def health(self) -> HealthAnswer:
        return cast(HealthAnswer, self._health())

    # --- units ---

    def units(self) -> list[UnitAnswer]:
        return self._cards(self._installed.installation.units.values())

    def unit(self, unit: str) -> UnitAnswer | None:
        found = self._installed.installation.units.get(unit)
        return None if found is None else self._cards([found])[0]

    def _cards_without_outlook(self) -> list[UnitAnswer]:
        return self._cards(self._installed.installation.units.values(), look_ahead=False)

    def _cards(self, units: Iterable[Unit], *, look_ahead: bool = True) -> list[UnitAnswer]:
        """The cards of units; those that aren't well say what is coming, if it is to ``look_ahead``."""
        now = self.now()
        with self._store.reading() as tx:
            wall = Wall(self._store, tx, self._installed, now)
            outlook = self._outlook(tx, now)
            shelters: list[Shelter] | None = None
            found: list[UnitAnswer] = []
            for unit in units:
                card, coming = self._card(wall, unit), nothing()
                if look_ahead and card["state"] in _FAILING:
                    try:
                        if shelters is None:
                            shelters = wall.shelters(self.in_force(tx))
                        coming = outlook.unit(unit, card["lots"], shelters)
                    except Exception as error:
                        self._failures.note(unit.path, error)
                        coming = not_known()
                found.append({**card, **coming})
        return found

    def _card(self, wall: Wall, unit: Unit) -> UnitCard:
        try:
            return wall.card(unit)
        except Exception as error:
            self._failures.note(unit.path, error)
            return wall.unjudged(unit)

    def _outlook(self, tx: Tx, now: int, findings: Findings | None = None) -> Outlook:
        return Outlook(self._store, tx, self._installed.rules, findings or self._findings(tx), now)

    # --- readings ---

    def readings(self, channel: str, start: int, end: int, points: int) -> ReadingsAnswer | None:
        rules = self._installed.rules.get(channel)
        if rules is None:
            return None
        with self._store.reading() as tx:
            number = self._number_of(tx, channel)
            rows = (
                self._store.history.readings(tx, number, after=start - 1, upto=end)
                if number is not None
                else []
            )
        found = list(instants((row.reading for row in rows), rules))
        return {
            "channel": channel,
            "from": format_instant(start),
            "to": format_instant(end),
            "max_gap_seconds": rules.settings_at(end).max_gap / 1000,
            "count": len(found),
            "readings": [_reading_json(instant) for instant in thin(found, points)],
        }

    def _number_of(self, tx: Tx, channel: str) -> int | None:
        return self._store.history.channel_ids(tx).get(channel)

    # --- excursions ---

    def excursions(
        self,
        *,
        unit: str | None = None,
        lot: str | None = None,
        start: int | None = None,
        end: int | None = None,
        open_only: bool = False,
        as_of: int | None = None,
        history: bool = False,
    ) -> list[ExcursionAnswer]:
        at = self.now() if as_of is None else as_of
        channels = {c for c in self._installed.rules if unit is None or Channel.parse(c).unit_path == unit}
        spans: list[tuple[str, int, int]] | None = None
        if lot is not None:
            with self._store.reading() as tx:
                findings = self._findings(tx)
                of_lot = findings.history(tx, lot, at)
                profile = findings.profile_of(of_lot)
            spans = [] if profile is None else _spans(timeline(of_lot, profile, self._units()))
            channels &= {channel for channel, _, _ in spans}
        found = self._excursions.of_channels(channels, at, history=history)
        return [
            body
            for body in found
            if (spans is None or _in_custody(body, spans))
            and _touches(body, start, end)
            and (not open_only or body["closed_at"] is None)
        ]

    # --- lots ---

    def _findings(self, tx: Tx) -> Findings:
        """What judges lots, for the questions of one transaction."""
        installed = self._installed
        ledgers = Ledgers(self._store, installed.profiles, self._store.history.channel_ids(tx))
        return Findings(self._store, installed.installation, installed.profiles, ledgers)

    def _units(self) -> Mapping[str, Sequence[UnitVersion]]:
        return self._installed.profiles.units()

    def lots(self, *, as_of: int | None = None) -> list[LotAnswer]:
        """All from one reading of events and of excursions, so that a thousand lots take no thousand look-ups."""
        at = self.now() if as_of is None else as_of
        everywhere = self.excursions(as_of=at)
        found = []
        with self._store.reading() as tx:
            events, findings = LotEvents(self._store, tx), self._findings(tx)
            outlook = self._outlook(tx, at, findings) if as_of is None else None
            for lot in events.lots():
                try:
                    history = findings.history(tx, lot, at, events)
                    is_present = history.judged_at == at
                    body = self._lot(tx, findings, history, everywhere if is_present else None, outlook)
                except Exception as error:
                    body = self._unjudged_lot(tx, lot, at, error)
                if body is not None:
                    found.append(body)
        return found

    def lot(self, lot: str, *, as_of: int | None = None) -> LotAnswer | None:
        at = self.now() if as_of is None else as_of
        with self._store.reading() as tx:
            findings = self._findings(tx)
            outlook = self._outlook(tx, at, findings) if as_of is None else None
            try:
                return self._lot(tx, findings, findings.history(tx, lot, at), None, outlook)
            except Exception as error:
                return self._unjudged_lot(tx, lot, at, error)

    def _unjudged_lot(self, tx: Tx, lot: str, at: int, error: Exception) -> LotAnswer:
        self._failures.note(lot, error)
        rows = self._store.log.events(tx, "lot", subject=lot)
        return with_outlook(unjudged_lot(self._store, tx, lot, at, error, rows), None)

    def _lot(
        self,
        tx: Tx,
        findings: Findings,
        history: LotHistory,
        everywhere: Sequence[ExcursionAnswer] | None,
        outlook: Outlook | None,
    ) -> LotAnswer | None:
        """A registered lot as JSON; ``everywhere``: all excursions as of its ``judged_at``, if they are at hand;
        ``outlook``: what is coming, if it is judged as of now."""
        profile = findings.profile_of(history)
        if profile is None:
            return None
        judged = findings.judge(tx, history, profile)
        spans = _spans(judged.abodes)
        if everywhere is None:
            channels = {channel for channel, _, _ in spans}
            everywhere = self._excursions.of_channels(channels, history.judged_at, history=False)
        excursions = [e for e in everywhere if _in_custody(e, spans)]
        going_on = (open_excursion(e["id"], e) for e in excursions)
        body = lot_body(judged.finding(filter(None, going_on), [e["id"] for e in excursions]))
        return with_outlook(body, None if outlook is None else outlook.lot(judged))

    # --- what could not be taken ---

    def rejected(self, *, limit: int = 200) -> RejectedAnswer:
        with self._store.reading() as tx:
            counts, rows = self._store.log.rejected(tx, limit)
        messages: list[RejectedMessageAnswer] = [
            {
                "received_at": format_instant(row["received_at"]),
                "topic": row["topic"],
                "payload": row["payload"].decode("utf-8", "backslashreplace"),
                "size": row["size"],
                "reason": row["reason"],
                "detail": row["detail"],
                "item": row["item"],
            }
            for row in rows
        ]
        return {"counts": counts, "messages": messages}


def _reading_json(instant: Instant) -> ReadingAnswer:
    return {
        "measured_at": format_instant(instant.at),
        "celsius": instant.celsius,
        "quality": instant.quality.value,
        "reason": instant.reason,
    }


def _spans(abodes: Iterable[Abode]) -> list[tuple[str, int, int]]:
    """The channels whose temperature a lot had, and when."""
    return [(abode.channel, abode.from_at, abode.to_at) for abode in abodes if abode.channel is not None]


def _in_custody(body: ExcursionAnswer, spans: Iterable[tuple[str, int, int]]) -> bool:
    start = parse_instant(body["started_at"])
    end = None if body["ended_at"] is None else parse_instant(body["ended_at"])
    return any(
        channel == body["channel"] and (end is None or from_at <= end) and start <= to_at
        for channel, from_at, to_at in spans
    )


def _touches(body: ExcursionAnswer, start: int | None, end: int | None) -> bool:
    begins = parse_instant(body["started_at"])
    ends = None if body["ended_at"] is None else parse_instant(body["ended_at"])
    return (end is None or begins <= end) and (start is None or ends is None or ends >= start)
