"""The chart that a message carries: the last hours of the unit that an alarm is about, as a PNG for a phone."""

from __future__ import annotations

import json

from monitor.core.answer.shape import AnyAnswer
from monitor.core.time.instant import HOUR
from monitor.ports import JSON, View
from monitor.web.charts.png import png_of
from monitor.web.charts.unit_chart import unit_chart, unit_series

SHOWN_FOR = 12 * HOUR
POINTS = 1_200
WIDTH, HEIGHT = 420, 270
SCALE = 2.0
"""Sharp on a phone, and still small: some 130 KB."""
FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"


def alarm_picture(view: View, alarm: str) -> bytes | None:
    """The last 12 h of an alarm's unit: limits, excursions and gaps shaded, in the site's time. None where an alarm is
    about no unit, or nothing was measured in that time. Takes about two seconds, most of them in a process of its own;
    raises RuntimeError, in words, if it can't be drawn."""
    found = view.alarm(alarm)
    unit = None if found is None else view.unit(unit_of(found))
    if found is None or unit is None:
        return None
    end = view.now()
    start = end - SHOWN_FOR
    subject = str(found["subject"])
    series = unit_series(view, unit, start, end, POINTS, first=subject)
    if not any(one["readings"] for one in series):
        return None
    spec = unit_chart(view, unit, start, end, first=subject, series=series)
    return png(spec, title=f"{unit['title']}: last 12 h of {series[0]['channel'].rpartition('/')[2]}")


def unit_of(alarm: AnyAnswer) -> str:
    """The unit that an alarm is about, as ``site/unit``: its subject's, or the one that a lot is in; or empty."""
    subject = str(alarm.get("subject", ""))
    where = subject if "/" in subject else str((alarm.get("evidence") or {}).get("unit") or "")
    return "/".join(where.split("/")[:2])


def png(spec: JSON, *, title: str) -> bytes:
    """A page's chart as a picture of its own: of fixed size, on white, with a title."""
    made = {
        **spec,
        "width": WIDTH,
        "height": HEIGHT,
        "background": "white",
        "padding": 12,
        "title": {"text": title, "anchor": "start", "fontSize": 15, "font": FONT},
        "config": {**spec.get("config", {}), "font": FONT},
    }
    return png_of(json.dumps(made), scale=SCALE)
