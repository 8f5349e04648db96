"""The local time of each site, and instants shown in it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor.core.time.instant import SECOND, parse_instant, to_datetime
from monitor.ports import UnitView
from monitor.web.pages import markup
from monitor.words import figures
from monitor.words.figures import Said


class Zones:
    """The time zone of every site, and the present instant (``now``, ms) by which "today" is meant."""

    def __init__(self, view: UnitView) -> None:
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
        times = ((site, key, to_datetime(self.now, ZoneInfo(key))) for key, site in first.items())
        return [(site, key, figures.clock(moment)) for site, key, moment in times][:2]

    def present(self, place: str | None) -> datetime:
        """What time it is at a place."""
        return to_datetime(self.now, self.at(place))

    def when(self, text: str | None, place: str | None, age: str | None = None) -> Markup:
        """A ``<time>`` in the local time of ``place``; "–" for none."""
        return Markup("–") if text is None else markup.time_tag(text, self.present(place), age=age)

    def near(self, text: str | None, place: str | None, today: str = "today ") -> Markup:
        """A ``<time>`` as people say it, "today 15:40"; ``today`` is put before the hour of this day's."""
        return Markup("–") if text is None else markup.near_tag(text, self.present(place), today=today)

    def left(self, text: str) -> str:
        """How far off an instant is: "in 1 h 8 min"."""
        return figures.left((parse_instant(text) - self.now) / SECOND)

    def said(self, sentence: Said, place: str | None, chart: str = "") -> Markup:
        """A sentence with its instants in the local time of a place; ``chart``: where the chart around one is."""
        return markup.said(sentence, self.present(place), chart)
