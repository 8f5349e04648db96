"""What lies ahead in a unit's chart: now, the forecast with its interval at each limit, and by when to act. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from monitor.core.answer.unit import CrossingAnswer, ForecastAnswer
from monitor.core.time.instant import HOUR, parse_instant
from monitor.ports import JSON
from monitor.web.charts.palette import FONT, Palette
from monitor.web.pages.markup import degrees

AHEAD_MOST = 6 * HOUR
"""The chart looks no farther ahead, so that the hours that were measured keep most of its width."""
AFTERWARDS = 2 * HOUR
"""Room for the words of the last thing that is foreseen."""


class Ahead(NamedTuple):
    """What is coming, as of ``now`` (ms): a unit's forecast as the API words it, and by when to act; either None."""

    now: int
    forecast: ForecastAnswer | None
    act_by: str | None

    @property
    def end(self) -> int:
        """How far the chart looks ahead: past what is foreseen, within ``AHEAD_MOST``; ``now`` if nothing is."""
        found = [parse_instant(one["likely"]) for one in self.crossings]
        if self.act_by is not None:
            found.append(parse_instant(self.act_by))
        coming = [at for at in found if self.now < at <= self.now + AHEAD_MOST]
        if not coming and self.forecast is None:
            return self.now
        last = max(coming, default=self.now + HOUR)
        return min(last + AFTERWARDS, self.now + AHEAD_MOST)

    @property
    def crossings(self) -> list[CrossingAnswer]:
        """The limits that it is expected to cross, soonest first."""
        found = [] if self.forecast is None else self.forecast["crossings"]
        return sorted(
            (one for one in found if one.get("likely")), key=lambda one: parse_instant(one["likely"])
        )

    def celsius(self) -> list[float]:
        """The temperatures that the chart must have room for."""
        return [one["limit"] for one in self.crossings if parse_instant(one["likely"]) <= self.end]

    def datasets(self, shift: int) -> dict[str, list[JSON]]:
        """The drawing's values, in local ms."""
        shown = [one for one in self.crossings if parse_instant(one["likely"]) <= self.end]
        crossings = [self._crossing(one, shift) for one in shown]
        begin: list[JSON] = []
        if self.forecast is not None and crossings and self.forecast.get("made_at"):
            at = parse_instant(self.forecast["made_at"]) + shift
            begin = [{"at": at, "celsius": self.forecast["celsius"]}]
        act_at = None if self.act_by is None else parse_instant(self.act_by)
        is_shown = act_at is not None and self.now < act_at <= self.end
        return {
            "ahead": [{"from": self.now + shift, "to": self.end + shift}] if self.end > self.now else [],
            "foreseen": [*begin, *({"at": one["at"], "celsius": one["celsius"]} for one in crossings)],
            "crossings": crossings,
            "act": [{"at": act_at + shift}] if is_shown and act_at is not None else [],
        }

    def _crossing(self, one: CrossingAnswer, shift: int) -> JSON:
        latest = one.get("latest")
        return {
            "at": parse_instant(one["likely"]) + shift,
            "celsius": one["limit"],
            "from": parse_instant(one.get("earliest") or one["likely"]) + shift,
            "to": min(self.end if latest is None else parse_instant(latest), self.end) + shift,
            "words": degrees(one["limit"]),
        }

    def describe(self) -> str:
        """What lies ahead, for those who can't see the chart; a sentence, or nothing."""
        if not self.crossings:
            return ""
        return f" It is expected to cross {', '.join(degrees(one['limit']) for one in self.crossings)}."


def ahead_layers(palette: Palette) -> list[Any]:
    """The layers over the datasets of :class:`Ahead`."""
    import altair as alt

    span = alt.Chart(alt.NamedData("ahead"))
    foreseen, crossings = alt.Chart(alt.NamedData("foreseen")), alt.Chart(alt.NamedData("crossings"))
    act = alt.Chart(alt.NamedData("act"))
    text: dict[str, Any] = {"font": FONT, "fontSize": 13, "clip": True}
    return [
        span.mark_rect(color=palette.other, opacity=0.1).encode(x="from:Q", x2="to:Q"),
        span.mark_rule(color=palette.ink, strokeWidth=1, opacity=0.7).encode(x="from:Q"),
        span.mark_text(
            color=palette.ink, align="right", baseline="bottom", dx=-4, y="height", yOffset=-4, **text
        ).encode(x="from:Q", text=alt.value("now")),
        crossings.mark_rule(color=palette.excursion, strokeWidth=5, opacity=0.35).encode(
            x="from:Q", x2="to:Q", y="celsius:Q"
        ),
        foreseen.mark_line(color=palette.excursion, strokeWidth=2.5, strokeDash=[5, 4]).encode(
            x="at:Q", y="celsius:Q", order="at:Q"
        ),
        crossings.mark_circle(color=palette.excursion, size=50, opacity=1).encode(x="at:Q", y="celsius:Q"),
        crossings.mark_text(color=palette.ink, align="left", baseline="top", dx=4, dy=6, **text).encode(
            x="at:Q", y="celsius:Q", text="words:N"
        ),
        act.mark_rule(color=palette.excursion, strokeWidth=2.5).encode(x="at:Q"),
    ]
