"""What a judged lot means for alarms."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.alarm.cause.lot import of_lot
from monitor.core.alarm.cause.outcome import End, Hold
from monitor.core.alarm.condition import LEVEL_OF, AlarmCondition, Truth
from monitor.core.lot.custody import LotHistory
from tests.rigs.causes import NOW

EXPIRING, EXPIRED = AlarmCondition.LOT_EXPIRING, AlarmCondition.LOT_EXPIRED
BUDGET, BREACHED = AlarmCondition.LOT_BUDGET, AlarmCondition.LOT_BREACHED


class Judged:
    """As much of a lot's history as matters here."""

    lot = "L1"

    def __init__(self, disposed_at: int | None = None) -> None:
        self.disposed_at = disposed_at


def history(disposed_at: int | None = None) -> LotHistory:
    judged: Any = Judged(disposed_at)
    return judged  # type: ignore[no-any-return]


def truth(condition: AlarmCondition) -> Truth:
    return Truth(condition, "L1", NOW, LEVEL_OF[condition])


def test_what_holds_is_held_and_what_does_not_any_more_is_over_as_of_the_judgement() -> None:
    end, hold = of_lot(history(), [truth(BREACHED)], {EXPIRING, BREACHED}, NOW)
    assert isinstance(end, End)
    assert (end.condition, end.subject, end.at) == (EXPIRING, "L1", NOW)
    assert hold == Hold(truth(BREACHED))


@pytest.mark.parametrize(
    ("open_condition", "holding", "disposed_at", "why"),
    [
        (EXPIRING, [], None, "corrected"),
        (EXPIRING, [EXPIRED], None, "expired"),
        (BUDGET, [BREACHED], None, "exhausted"),
        (BUDGET, [EXPIRED], None, "corrected"),
        (EXPIRING, [], NOW, "disposed"),
    ],
)
def test_why_it_is_over_is_said(
    open_condition: AlarmCondition, holding: list[AlarmCondition], disposed_at: int | None, why: str
) -> None:
    end, *_ = of_lot(history(disposed_at), [truth(one) for one in holding], {open_condition}, NOW)
    assert isinstance(end, End)
    assert end.evidence == {"clear_reason": why}
