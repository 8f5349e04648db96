"""From the tables of a profile's file to a profile of the core, and what may be wrong with one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from monitor.config.file import profile_file as files
from monitor.config.file.duration import format_duration
from monitor.core.profile.profile import (
    Alternative,
    Band,
    MktRule,
    OutOfStorage,
    Profile,
    SideRule,
    ThawRule,
    UnknownRule,
    WarningLevel,
    Window,
)
from monitor.core.time.instant import DAY


class ProfileMistake(NamedTuple):
    """What is wrong with one key of a profile; ``found`` as in the file, None for nothing."""

    key: str
    found: object
    expected: str


def profile_of(file: files.ProfileFile) -> Profile:
    """The profile that a file describes. It may still be nonsense: see :func:`findings_in`."""
    window = Window(file.window.low, file.window.high)
    limits = _limits(file)
    bands = _bands(file.band, limits)
    thaw = _thaw(file.thaw, None)
    warning, out, unknown, mkt = file.warning, file.out_of_storage, file.unknown, file.mkt
    instant, delay, clear, cumulative = file.instant, file.delay, file.clear_delay, file.cumulative_delay
    return Profile(
        name=file.name,
        version=file.version,
        effective_from=file.effective_from,
        title=file.title or file.name,
        window=window,
        deadband=file.deadband,
        high=SideRule(delay.high or 0, clear.high or 0, instant.high, cumulative.high),
        low=SideRule(delay.low or 0, clear.low or 0, instant.low, cumulative.low),
        bands=bands,
        warning=None if warning is None else WarningLevel(warning.low, warning.high, warning.delay),
        ambient=file.ambient,
        out_of_storage=None if out is None else OutOfStorage(out.free, out.limit),
        unknown=None if unknown is None else _unknown(unknown),
        thaw=thaw,
        in_use=file.expiry.in_use,
        look_ahead=file.expiry.look_ahead,
        coverage_minimum=file.coverage.minimum,
        alternatives=tuple(
            _alternative(alternative, window, bands, thaw, limits) for alternative in file.alternative
        ),
        mkt=None if mkt is None else _mkt(mkt, window),
    )


def _unknown(table: files.UnknownTable) -> UnknownRule:
    return UnknownRule(table.rule, table.band, table.after, table.limit)


def _mkt(table: files.MktTable, window: Window) -> MktRule:
    """Default window: 30 days for 15–25/30 °C classes, 24 hours for 2–8 °C (docs/sources.md)."""
    usual = 30 * DAY if window.low is not None and window.low >= 15 else DAY
    return MktRule(table.window or usual, table.limit, table.delta_h_over_r)


def _limits(file: files.ProfileFile) -> dict[str, int | None]:
    """A band name has one limit: the profile's, or for a name that only alternatives have their first."""
    limits = {
        band.name: band.limit
        for alternative in reversed(file.alternative)
        for band in reversed(alternative.band or ())
        if band.limit is not None
    }
    return limits | {band.name: band.limit for band in file.band}


def _bands(tables: Sequence[files.BandTable], limits: dict[str, int | None]) -> tuple[Band, ...]:
    return tuple(Band(band.name, band.above, band.up_to, limits.get(band.name)) for band in tables)


def _thaw(table: files.ThawTable | None, default: ThawRule | None) -> ThawRule | None:
    """The thaw rule of a table; what it leaves out, or all of it if there is none, is the default's."""
    if table is None:
        return default
    gap, limit = table.hidden_by_gap, table.limit
    if default is not None:
        gap = default.hidden_by_gap if gap is None else gap
        limit = default.limit if limit is None else limit
    return ThawRule(table.above, table.after, table.refrozen_below, gap, limit)


def _alternative(
    table: files.AlternativeTable,
    window: Window,
    bands: tuple[Band, ...],
    thaw: ThawRule | None,
    limits: dict[str, int | None],
) -> Alternative:
    own = table.window
    return Alternative(
        storage_class=table.storage_class,
        window=window if own is None else Window(own.low, own.high),
        shelf_life=table.shelf_life,
        bands=bands if table.band is None else _bands(table.band, limits),
        thaw=_thaw(table.thaw, thaw),
    )


# --- what may be wrong --------------------------------------------------------------------------------------


def findings_in(file: files.ProfileFile, profile: Profile) -> Iterator[ProfileMistake]:
    """Everything that makes a profile one that can't be judged by."""
    window = list(_window_findings("window", profile.window))
    yield from window
    if not window:  # what is measured by a wrong window would be told as wrong itself
        yield from _level_findings(profile)
        yield from band_findings("band", profile.bands, profile.window)
        yield from _thaw_findings("thaw", profile.thaw, profile.window)
    yield from _unknown_findings(profile)
    classes = {profile.name}
    for table, alternative in zip(file.alternative, profile.alternatives, strict=True):
        where = f"alternative[{alternative.storage_class}]"
        if alternative.storage_class in classes:
            yield ProfileMistake(
                f"{where}.class", alternative.storage_class, "a class other than the profile's, named once"
            )
        classes.add(alternative.storage_class)
        if not window or table.window is not None:
            yield from _alternative_findings(where, table, alternative, profile.deadband)
    yield from _limit_findings(file)


def _alternative_findings(
    where: str, table: files.AlternativeTable, alternative: Alternative, deadband: float
) -> Iterator[ProfileMistake]:
    window = list(_window_findings(f"{where}.window", alternative.window))
    yield from window
    if window:
        return
    bands = list(band_findings(f"{where}.band", alternative.bands, alternative.window))
    if bands and table.band is None:
        yield ProfileMistake(f"{where}.band", None, "bands of its own: the profile's don't fit this window")
    else:
        yield from bands
    yield from _thaw_findings(f"{where}.thaw", alternative.thaw, alternative.window)
    if deadband >= _width(alternative.window):
        expected = f"wider than the profile's deadband ({deadband})"
        yield ProfileMistake(f"{where}.window", f"a window {_width(alternative.window)} °C wide", expected)


def _width(window: Window) -> float:
    if window.low is None or window.high is None:
        return float("inf")
    return window.high - window.low


def _window_findings(where: str, window: Window) -> Iterator[ProfileMistake]:
    if window.low is None and window.high is None:
        yield ProfileMistake(where, None, "low, high or both")
    elif _width(window) <= 0:
        yield ProfileMistake(f"{where}.high", window.high, f"more than low ({window.low})")


def _level_findings(profile: Profile) -> Iterator[ProfileMistake]:
    window, warning = profile.window, profile.warning
    if profile.deadband >= _width(window) > 0:
        yield ProfileMistake("deadband", profile.deadband, f"less than the window's width ({_width(window)})")
    high, low = profile.high.instant, profile.low.instant
    if high is not None and (window.high is None or high <= window.high):
        expected = f"a limit outside the window, over {_side(window.high, 'high')}"
        yield ProfileMistake("instant.high", high, expected)
    if low is not None and (window.low is None or low >= window.low):
        expected = f"a limit outside the window, below {_side(window.low, 'low')}"
        yield ProfileMistake("instant.low", low, expected)
    if warning is None:
        return
    for key, level in (("high", warning.high), ("low", warning.low)):
        if level is not None and not window.contains(level):
            yield ProfileMistake(f"warning.{key}", level, "a level inside the window")
    if warning.high is None and warning.low is None:
        yield ProfileMistake("warning", None, "low, high or both")


def _side(limit: float | None, name: str) -> str:
    return f"window.{name}, which is not given" if limit is None else f"{limit}"


def band_findings(where: str, bands: Sequence[Band], window: Window) -> Iterator[ProfileMistake]:
    """What keeps bands from covering all that lies outside the window exactly once."""
    names: set[str] = set()
    above: list[Band] = []
    below: list[Band] = []
    for band in bands:
        key = f"{where}[{band.name}]"
        if band.name in names:
            yield ProfileMistake(f"{key}.name", band.name, "a name that no other band has")
        names.add(band.name)
        if band.above is not None and band.up_to is not None and band.above >= band.up_to:
            yield ProfileMistake(f"{key}.up_to", band.up_to, f"more than above ({band.above})")
        elif band.above is not None and window.high is not None and band.above >= window.high:
            above.append(band)
        elif band.up_to is not None and window.low is not None and band.up_to <= window.low:
            below.append(band)
        else:
            yield ProfileMistake(key, _range(band), f"a range {_outside(window)}")
    if len(above) + len(below) < len(bands):
        return  # a band that is wrong itself leaves a gap, which would say no more
    if window.high is not None:
        yield from _side_findings(where, above, window.high, is_above=True)
    if window.low is not None:
        yield from _side_findings(where, below, window.low, is_above=False)


def _range(band: Band) -> str:
    parts = (("above", band.above), ("up_to", band.up_to))
    return ", ".join(f"{key} = {limit}" for key, limit in parts if limit is not None) or "no limits"


def _outside(window: Window) -> str:
    """Where a band may lie, in words."""
    parts = []
    if window.high is not None:
        parts.append(f"above {window.high}")
    if window.low is not None:
        parts.append(f"up_to {window.low}")
    return f"outside the window: {' or '.join(parts)}"


def _side_findings(
    where: str, bands: list[Band], limit: float, *, is_above: bool
) -> Iterator[ProfileMistake]:
    """What keeps the bands on one side of the window from lying one beyond the other, from its limit on without
    end."""
    near, far = ("above", "up_to") if is_above else ("up_to", "above")
    before, way, sign = ("below", "up", 1) if is_above else ("above", "down", -1)
    edge: float | None = limit
    for band in sorted(bands, key=lambda band: sign * (getattr(band, near) or 0.0)):
        key, begin = f"{where}[{band.name}].{near}", getattr(band, near)
        if edge is None:
            expected = f"no band here: one {before} it goes {way} without end (they overlap)"
            yield ProfileMistake(key, begin, expected)
        elif begin != edge:
            mistake = "a gap" if sign * ((begin or 0.0) - edge) > 0 else "an overlap"
            expected = f"{edge}, where what lies {before} it ends (there is {mistake})"
            yield ProfileMistake(key, begin, expected)
        edge = getattr(band, far)
    if edge is not None:
        expected = f"a band {near.replace('_', ' ')} {edge} without {far}: nothing may be left uncovered"
        yield ProfileMistake(where, None, expected)


def _unknown_findings(profile: Profile) -> Iterator[ProfileMistake]:
    rule = profile.unknown
    if rule is None:
        return
    names = ", ".join(band.name for band in profile.bands)
    if rule.rule == "as_band" and (
        rule.band is None or rule.band not in {band.name for band in profile.bands}
    ):
        yield ProfileMistake("unknown.band", rule.band, f"the name of a band of this profile ({names})")
    if rule.rule != "as_band" and rule.band is not None:
        yield ProfileMistake("unknown.band", rule.band, 'no band, or rule = "as_band"')


def _thaw_findings(where: str, thaw: ThawRule | None, window: Window) -> Iterator[ProfileMistake]:
    if thaw is None:
        return
    if window.high is None or thaw.above < window.high:
        yield ProfileMistake(
            f"{where}.above",
            thaw.above,
            f"{_side(window.high, 'high')} or more: inside the window nothing thaws",
        )
    if thaw.refrozen_below > thaw.above:
        yield ProfileMistake(
            f"{where}.refrozen_below", thaw.refrozen_below, f"at most thaw.above ({thaw.above})"
        )


def _limit_findings(file: files.ProfileFile) -> Iterator[ProfileMistake]:
    limits = _limits(file)
    for alternative in file.alternative:
        for band in alternative.band or ():
            if band.limit is not None and band.limit != limits[band.name]:
                key = f"alternative[{alternative.storage_class}].band[{band.name}].limit"
                yield ProfileMistake(key, format_duration(band.limit), _one_limit(limits[band.name]))


def _one_limit(limit: int | None) -> str:
    own = "no limit" if limit is None else format_duration(limit)
    return f"nothing, or the limit that this band's name has elsewhere in the profile ({own})"


def doubts_about(profile: Profile) -> Iterator[str]:
    """What is allowed and may not be meant."""
    if "example" in profile.title.lower():
        yield "the title says that this is an example: replace it with your product's data"
    if profile.out_of_storage is not None and profile.ambient is None:
        yield "out_of_storage without ambient: time out of storage is charged to no band"
    if profile.mkt is not None and profile.window.low is not None and profile.window.low < 0:
        yield "mkt is not computed for a profile whose window lies below 0 °C"
    places = [("thaw", profile.window, profile.thaw)]
    places += [
        (f"alternative[{each.storage_class}].thaw", each.window, each.thaw) for each in profile.alternatives
    ]
    for where, window, thaw in places:
        if thaw is not None and window.low is not None and thaw.refrozen_below <= window.low:
            yield f"{where}.refrozen_below is never reached inside the window: only one thaw can count there"
