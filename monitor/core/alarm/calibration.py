"""When a probe's calibration is asked for: some time before its date, in the time zone of its site."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from monitor.core.time.instant import start_of_day


def told_from(due_on: date, zone: ZoneInfo, ahead: int) -> int:
    """The instant from which on a calibration that is due on a date is asked for."""
    return start_of_day(due_on, zone) - ahead


def due_text(due_on: date) -> str:
    """``calibration due on 2027-03-01``."""
    return f"calibration due on {due_on.isoformat()}"
