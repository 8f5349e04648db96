"""The local time of each site, and instants shown in it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor.core.time.instant import SECOND, parse_instant
from monitor.ports import JSON, View
from monitor.words import figures as words


class Zones:
    """The time zone of every site, and the present instant (``now``, ms) by which "today" is meant."""

    def __init__(self, view: View) -> None:
        self.now = view.now()
        self._of = {site["site"]: ZoneInfo(site["timezone"]) for site in view.sites()}
        self._first = next(iter(self._of.values()), ZoneInfo("UTC"))

    def at(self, place: str | None) -> ZoneInfo:
        """The zone of ``site``, ``site/unit`` or ``site/unit/probe``; the first site's for anything else."""
        return self._of.get((place or "").partition("/")[0], self._first)

    def clocks(self) -> list[tuple[str, str, str]]:
        """Site, name of its zone, and its time now, once per zone; two at most."""
        first: dict[str, str] = {}
        for site, zone in self._of.items():
            first.setdefault(zone.key, site)
        return [(s, key, words.clock_text(self.now, ZoneInfo(key), self.now)) for key, s in first.items()][:2]

    def when(self, text: str | None, place: str | None, age: str | None = None) -> Markup:
        """A ``<time>`` in the local time of ``place``; "–" for none."""
        return Markup("–") if text is None else words.time_tag(text, self.at(place), self.now, age=age)

    def near(self, text: str | None, place: str | None, today: str = "today ") -> Markup:
        """A ``<time>`` as people say it, "today 15:40"; ``today`` is put before the hour of this day's."""
        return Markup("–") if text is None else words.near_tag(text, self.at(place), self.now, today=today)

    def left(self, text: str) -> str:
        """How far off an instant is: "in 1 h 8 min"."""
        return words.left((parse_instant(text) - self.now) / SECOND)

    def until(self, text: str, place: str | None) -> Markup:
        """Until when something is good: "through 30 Jun 2028" where that is the end of a local day."""
        return words.until_tag(text, self.at(place), self.now)

    def interval(self, forecast: JSON | None, place: str | None) -> Markup:
        """When a forecast ``{earliest, likely, latest}`` expects something: "between today 14:10 and 16:30"."""
        return words.interval(forecast, self.at(place), self.now)

    def is_past(self, text: str | None, as_of: str | None = None) -> bool:
        """Whether an instant lies at or before ``as_of`` (default: now)."""
        if text is None:
            return False
        return parse_instant(text) <= (self.now if as_of is None else parse_instant(as_of))
