"""What is expected of a lot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from laboratory.scoring.finding import (
    Candidate,
    ExpectationResult,
    Look,
    claim,
    judge,
    lasted,
    measured,
    same,
)
from laboratory.scoring.outcome import JSON, RunOutcome
from laboratory.scoring.span import Span, between_words
from laboratory.scoring.table import ExpectTable, Numbers, listed
from monitor.config.file.problem import nearest
from monitor.core.lot.verdict import VERDICT_OF, ExpiryReason, Verdict
from monitor.core.time.instant import SECOND


@dataclass(frozen=True, slots=True)
class ExpectedLot:
    """``budget`` (spent) and ``left`` by band, ``unknown`` and ``out_of_storage`` are lengths in ms; ``reasons`` are
    the codes that must be among those given; ``coverage`` is a share, ``minimum`` and ``maximum`` are °C.

    A figure that the lot's JSON doesn't have fulfils nothing."""

    number: int
    note: str | None
    lot: str
    verdict: str | None
    reasons: tuple[str, ...]
    thaw_count: int | None
    thaw_count_determinate: bool | None
    budget: Mapping[str, Span]
    left: Mapping[str, Span]
    unknown: Span | None
    out_of_storage: Span | None
    coverage: Numbers | None
    expiry_reason: str | None
    minimum: Numbers | None
    maximum: Numbers | None

    @classmethod
    def read(cls, table: ExpectTable, number: int) -> ExpectedLot:
        """Reads a table with the key ``lot`` and none of the others; what is wrong is noted in it."""
        thaws = table.count("thaw_count")
        if thaws is not None and thaws[0] != thaws[1]:
            table.refuse("thaw_count", list(thaws), "a whole number")
        return cls(
            number=number,
            note=table.text("note"),
            lot=table.lot("lot") or "",
            verdict=table.text("verdict", Verdict),
            reasons=table.texts("reasons", VERDICT_OF) or (),
            thaw_count=None if thaws is None else thaws[0],
            thaw_count_determinate=table.flag("thaw_count_determinate"),
            budget=table.spans_by_name("budget") or {},
            left=table.spans_by_name("left") or {},
            unknown=table.spans("unknown"),
            out_of_storage=table.spans("out_of_storage"),
            coverage=table.numbers("coverage"),
            expiry_reason=table.text("expiry_reason", get_args(ExpiryReason)),
            minimum=table.numbers("min"),
            maximum=table.numbers("max"),
        )

    def check(self, outcome: RunOutcome) -> ExpectationResult:
        """Compares the lot's figures with what is expected of them."""
        lots = [each for each in outcome.lots if each["lot"] == self.lot]
        there = listed(each["lot"] for each in outcome.lots)
        candidates = [Candidate(list(self._looks(each)), self._figures(each)) for each in lots]
        met, why, figures = judge(candidates, None, f"there is no such lot; there are {there}")
        return ExpectationResult(
            self.number, f"lot {self.lot}", met, why or "it is there", figures, self.note
        )

    def _looks(self, lot: JSON) -> Iterator[Look]:
        given = sorted(reason["code"] for reason in lot.get("reasons", ()))
        if self.verdict is not None:
            why = f" ({', '.join(given)})" if given and lot.get("verdict") != self.verdict else ""
            look = same("verdict", lot.get("verdict"), self.verdict)
            yield Look(look.holds, look.words + why)
        if self.reasons:
            missing = [code for code in self.reasons if code not in given]
            words = f"reasons {', '.join(given) or 'none'}"
            yield claim(not missing, words, f"{', '.join(missing)} among them")
        if self.thaw_count is not None:
            yield same("thaw count", lot.get("thaw_count"), self.thaw_count)
        if self.thaw_count_determinate is not None:
            yield same(
                "thaw count determinate:", lot.get("thaw_count_determinate"), self.thaw_count_determinate
            )
        for what, key, expected in (
            ("spent", "spent_seconds", self.budget),
            ("left", "left_seconds", self.left),
        ):
            for band, span in expected.items():
                yield _budget(lot, band, f"{band} {what}", key, span)
        for what, key, wanted in (
            ("unknown for", "unknown_seconds", self.unknown),
            ("out of storage for", "out_of_storage_seconds", self.out_of_storage),
        ):
            if wanted is not None:
                yield _length(lot.get(key), what, wanted)
        if self.coverage is not None:
            yield measured("coverage", lot.get("coverage"), self.coverage)
        if self.expiry_reason is not None:
            yield same("expiry by", lot.get("expiry_reason"), self.expiry_reason)
        if self.minimum is not None:
            yield measured("lowest", lot.get("min_celsius"), self.minimum, "°C")
        if self.maximum is not None:
            yield measured("highest", lot.get("max_celsius"), self.maximum, "°C")

    def _figures(self, lot: JSON) -> JSON:
        keys = (
            *("lot", "verdict", "thaw_count", "thaw_count_determinate", "unknown_seconds"),
            *("out_of_storage_seconds", "coverage", "expiry_reason", "min_celsius", "max_celsius"),
        )
        spent = {each["band"]: each["spent_seconds"] for each in lot.get("budgets", ())}
        codes = sorted(reason["code"] for reason in lot.get("reasons", ()))
        return {**{key: lot.get(key) for key in keys}, "reasons": codes, "spent_seconds": spent}


def _budget(lot: JSON, band: str, what: str, key: str, span: Span) -> Look:
    bands = {each["band"]: each for each in lot.get("budgets", ())}
    if band not in bands:
        near = nearest(band, bands)
        hint = f"; did you mean {near}?" if near else ""
        return Look(False, f"{what}: no such band, there are {listed(bands)}{hint}")
    value = bands[band][key]
    if value is None:
        return claim(False, f"{what}: the band has no limit", between_words(span))
    return _length(value, what, span)


def _length(value: float | None, what: str, span: Span) -> Look:
    if value is None:
        return claim(False, f"{what} an unknown time", between_words(span))
    return lasted(what, round(value * SECOND), span)
