"""A history, and rules to be tried on it, for the tests of ``replay``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.asking.difference import Difference
from monitor.asking.replay import Progress, Replay
from monitor.core.profile.installation import Installation
from monitor.core.profile.profile import Band, Profile, Window
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant
from monitor.ports import JSON
from monitor.store.rules.rulebook import Rulebook
from monitor.store.rules.trial import Trial
from monitor.store.rules.versions import rule_versions
from monitor.store.store import Store
from monitor.testing import Rig, one_unit, ult_profile
from tests.rigs.lab import T0, live, minutes, register

WARMING = [-80.0, -75.0, -68.0] + [-63.0] * 30 + [-68.0] + [-80.0] * 30
"""Half an hour at −63 °C: inside a window that ends at −60, outside one that ends at −65."""
FAILING = [-80.0, -70.0] + [-50.0] * 30 + [-70.0] + [-80.0] * 30
"""Half an hour at −50 °C: outside both."""
END = T0 + 2 * DAY


def profile(**changes: Any) -> Profile:
    """The test's profile with an hour's budget between −60 and −40 °C, in a version that says so."""
    bands = (
        Band("warm", -60.0, -40.0, HOUR),
        Band("warmer", -40.0, None, None),
        Band("cold", None, -90.0, None),
    )
    return ult_profile(**{"bands": bands, **changes})


def tighter(**changes: Any) -> Profile:
    """The same with a window that ends at −65 °C, whose band may last for 10 minutes."""
    bands = (
        Band("warm", -65.0, -40.0, 10 * MINUTE),
        Band("warmer", -40.0, None, None),
        Band("cold", None, -90.0, None),
    )
    return profile(**{"version": 2, "window": Window(-90.0, -65.0), "bands": bands, **changes})


def replayed(
    path: Path,
    profiles: Sequence[Profile],
    *,
    installation: Installation | None = None,
    start: int = 0,
    end: int = END,
    as_dated: bool = False,
) -> JSON:
    """As :func:`monitor.program.app.replay` does it, without its clock."""
    installation = installation or one_unit()
    store = Store(f"sqlite:///{path}", read_only=True)
    try:
        with store.reading() as tx:
            stored = rule_versions(tx)
            trial = Trial(stored, installation, profiles, as_dated=as_dated)
            books = Rulebook(stored, installation.zone_of), trial.book()
            replay = Replay(store, tx, installation, books, start=start, end=end)
            found = replay.run(trial.names)
            return Difference(store, tx, installation, start, end).to_json(replay, found)
    finally:
        store.close()


def history(path: Path, *courses: list[float], first: Profile | None = None) -> Rig:
    """A writer that has lived through the courses, one every 6 hours, with a lot in the unit."""
    rig = Rig(path, now=T0, profiles=[first or profile()])
    rig.writer.lot_event(register())
    for number, course in enumerate(courses):
        live(rig, minutes(course, T0 + number * 6 * HOUR))
    return rig


def outcomes(part: JSON) -> dict[str, int]:
    return {name: part[name] for name in ("unchanged", "changed", "new", "gone", "merged") if part[name]}


def nothing_replayed(configuration: Any, *, progress: Progress, **asked: Any) -> JSON:
    """In the place of :func:`monitor.program.app.replay`: an empty store."""
    progress("lab1/F01/product", 0.5, 2)
    part = {"unchanged": 0, "differences": [], "units": []}
    return {
        "from": None,
        "to": format_instant(END),
        "store": configuration.store.url,
        "as_dated": asked["as_dated"],
        "rules": [],
        "readings": 0,
        "summary": "With these rules nothing would have been different: 0 excursions, 0 lots.",
        **dict.fromkeys(("excursions", "alarms", "lots"), part),
        "warnings": [],
    }
