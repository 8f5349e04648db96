"""Which page belongs to which failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from laboratory.scoring.outcome import JSON, PAGE_LEVELS
from monitor.core.time.instant import parse_instant

THERMAL = frozenset(("temperature_high", "temperature_low"))


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that truly went wrong. Instants are ms; ``ended_at`` None: it never ended.

    ``unit`` is site/unit. ``probe``: its name, if only that probe is concerned.
    ``detect_by``: a page later than that comes too late. ``told_by``: the conditions that tell of it; None: any.
    ``excused``: true, but nobody must be told of it: pages about it aren't false, and it isn't missed.
    """

    kind: str
    unit: str
    probe: str | None
    began_at: int
    ended_at: int | None
    detect_by: int | None
    told_by: frozenset[str] | None
    excused: bool = False

    @classmethod
    def of(cls, failure: Mapping[str, Any]) -> Failure:
        """From ``{kind, unit, probe?, began_at, ended_at?, detect_by?, told_by?, excused?}``; instants are ms or RFC
        3339."""
        told_by = failure.get("told_by")
        return cls(
            kind=failure["kind"],
            unit=failure["unit"],
            probe=failure.get("probe"),
            began_at=instant(failure["began_at"]),
            ended_at=instant_or_none(failure.get("ended_at")),
            detect_by=instant_or_none(failure.get("detect_by")),
            told_by=None if told_by is None else frozenset(told_by),
            excused=bool(failure.get("excused", False)),
        )

    def to_json(self) -> JSON:
        """The failure for programs, instants in ms."""
        return {
            "kind": self.kind,
            "unit": self.unit,
            "probe": self.probe,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
        }


class SentPage(NamedTuple):
    """What somebody was told of a ``unit``. ``conditions``: what it may say; ``probe``: the only probe that it is
    about, or None."""

    told_at: int
    alarm: str
    unit: str
    conditions: frozenset[str]
    probe: str | None
    level: str

    @property
    def is_page(self) -> bool:
        """Whether it calls for a person at once; else it is a warning."""
        return self.level in PAGE_LEVELS


def pages_of(pages: Iterable[Mapping[str, Any]]) -> list[SentPage]:
    """Pages and warnings in order of time, from ``{unit, condition, level, told_at, alarm, subject}``. Of one alarm the
    first warning and the first page count: how many people were told, and how often, is of no matter."""
    first: dict[tuple[str, bool], SentPage] = {}
    for each in pages:
        subject = str(each.get("subject") or "")
        probe = subject.split("/")[2] if subject.count("/") == 2 else None
        page = SentPage(
            instant(each["told_at"]),
            each["alarm"],
            each["unit"],
            frozenset([each["condition"]]),
            probe,
            each["level"],
        )
        key = (page.alarm, page.is_page)
        earlier = first.get(key)
        if earlier is None or _order(page) < _order(earlier):
            first[key] = page
    return sorted(first.values(), key=_order)


def usual_as_pages(pages: Iterable[tuple[str, int | str, Any]]) -> list[SentPage]:
    """The usual rule's pages ``(unit, at, ended_at)`` as ours: of an alarm that only knows temperatures."""
    as_ours = [
        SentPage(instant(at), f"{unit} {instant(at)}", unit, THERMAL, None, "alarm") for unit, at, _ in pages
    ]
    return sorted(as_ours, key=_order)


def _order(page: SentPage) -> tuple[Any, ...]:
    return (page.told_at, page.alarm, page.unit, sorted(page.conditions), page.probe or "", page.level)


@dataclass(slots=True)
class FailureTold:
    """What was told of one failure: the first page of all, and the first of any level (instants in ms)."""

    page_at: int | None = None
    sign_at: int | None = None


@dataclass(slots=True)
class Attribution:
    """Each failure with what was told of it, in the failures' order, and what belongs to no failure.

    A page belongs to a failure if it was told between its beginning and its end (plus grace for recovery) about the
    same unit, and not about another probe than the failure's. Where several failures are going on there, it is of the
    one that began last among those that its condition tells of; so it never counts for two. One that tells of none of
    them is neither a detection nor false.
    """

    told: list[FailureTold]
    false: list[SentPage] = field(default_factory=list)


def attribute(failures: Sequence[Failure], pages: Iterable[SentPage], grace: int) -> Attribution:
    """Says which page belongs to which failure; ``grace`` in ms."""
    by_unit: dict[str, list[int]] = {}
    for index, failure in enumerate(failures):
        by_unit.setdefault(failure.unit, []).append(index)
    attribution = Attribution([FailureTold() for _ in failures])
    for page in pages:
        there = [index for index in by_unit.get(page.unit, ()) if _is_during(failures[index], page, grace)]
        telling = [index for index in there if _tells_of(page, failures[index])]
        if not there:
            attribution.false.append(page)
        elif telling:
            told = attribution.told[max(telling, key=lambda index: (failures[index].began_at, -index))]
            told.sign_at = page.told_at if told.sign_at is None else min(told.sign_at, page.told_at)
            if page.is_page:
                told.page_at = page.told_at if told.page_at is None else min(told.page_at, page.told_at)
    return attribution


def _is_during(failure: Failure, page: SentPage, grace: int) -> bool:
    if page.told_at < failure.began_at:
        return False
    if failure.ended_at is not None and page.told_at > failure.ended_at + grace:
        return False
    return failure.probe is None or page.probe is None or failure.probe == page.probe


def _tells_of(page: SentPage, failure: Failure) -> bool:
    return failure.told_by is None or not failure.told_by.isdisjoint(page.conditions)


def in_order(failures: Iterable[Mapping[str, Any]]) -> list[Failure]:
    """The failures in an order that depends on nothing but themselves."""
    ordered = [Failure.of(each) for each in failures]
    never = max((each.began_at for each in ordered), default=0) + 1
    return sorted(
        ordered,
        key=lambda each: (
            each.began_at,
            each.kind,
            each.unit,
            each.probe or "",
            never if each.ended_at is None else each.ended_at,
            never if each.detect_by is None else each.detect_by,
            sorted(each.told_by or ()),
            each.excused,
        ),
    )


def instant(at: int | str) -> int:
    """Milliseconds, from ms or RFC 3339."""
    return parse_instant(at) if isinstance(at, str) else at


def instant_or_none(at: int | str | None) -> int | None:
    """Milliseconds, from ms or RFC 3339; None stays None."""
    return None if at is None else instant(at)
