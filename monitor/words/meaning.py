"""What each condition is: what its alarm is about, what raises and what ends it, and what it means.

One table, for docs/alarms.md. What to do first is said by the messages: :mod:`monitor.words.condition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Meaning(NamedTuple):
    """``subject``: what the alarm is about. ``levels``: where it has more than one, when each holds."""

    subject: str
    means: str
    raised: str
    clears: str
    levels: str = ""


_TEMPERATURE_LEVELS = (
    "warning beyond the profile's `warning` level for its `delay`; alarm with a confirmed excursion; critical "
    "when the "
    "limit marked `instant` is reached. It never falls"
)
_TEMPERATURE_RAISED = (
    "by readings alone, on the line between them: see [figures.md](figures.md). The warning is told of the "
    "product probe, "
    "and of a probe with a profile of its own"
)
_TEMPERATURE_CLEARS = (
    "an alarm when its excursion closes: back inside by the deadband, and for the clear delay; a warning when "
    "the value is "
    "back within the warning level by the deadband. Silence ends neither"
)
_SIGN = "see [detection.md](detection.md)"

MEANINGS: Mapping[str, Meaning] = {
    "temperature_high": Meaning(
        "a probe (`site/unit/probe`)",
        "The product is too warm, or on its way there. Every minute of it is charged to the budgets of the lots "
        "inside.",
        _TEMPERATURE_RAISED,
        _TEMPERATURE_CLEARS,
        _TEMPERATURE_LEVELS,
    ),
    "temperature_low": Meaning(
        "a probe (`site/unit/probe`)",
        "The product is too cold. What must not freeze may be spoiled though it looks the same.",
        _TEMPERATURE_RAISED,
        _TEMPERATURE_CLEARS,
        _TEMPERATURE_LEVELS,
    ),
    "rising_fast": Meaning(
        "the product probe",
        "A compressor or the power has failed: it warms, and nothing makes it fall. There is still time.",
        f"before any limit is passed, by the course of the readings: {_SIGN}",
        "when the temperature has fallen clearly",
    ),
    "flat_line": Meaning(
        "a probe",
        "The probe repeats itself to the digit: it is stuck, and what it says is no measurement.",
        _SIGN,
        "when its readings move again",
    ),
    "door_open": Meaning(
        "a unit (`site/unit`)",
        "The unit's own contact told that its door was opened, and not that it was shut.",
        "`[detection] door_open_after` after it was opened",
        "when the contact tells that it was shut",
    ),
    "slow_drift": Meaning(
        "a probe",
        "Its calm temperature creeps towards a limit from day to day: the unit ages, or the probe does.",
        _SIGN,
        "when it has not gone on",
    ),
    "cooling_weak": Meaning(
        "a unit",
        "Its compressor never pauses and gets nowhere: it will not hold on a warm day.",
        _SIGN,
        "when the compressor pauses again",
    ),
    "no_data": Meaning(
        "a probe",
        "Nobody knows the temperature now. It says nothing about whether the product is well, and ends no other "
        "alarm.",
        "`silent_after` after the last message, by the clock of the monitor; after an outage of the monitor or "
        "the broker, "
        "counted from their return. If its gateway's last will said that it is gone, the alarm says so",
        "with the next message. But if the probe fell silent twice within 2 h, only when it has been heard for 30 min "
        "without another silence, and after three within a day for 2 h: a dying battery is a few alarms, not dozens",
    ),
    "probe_fault": Meaning(
        "a probe",
        "The probe says that it is broken, sends a fault's code, or a value that no probe can measure.",
        "with the first such reading",
        "when all that it has said for 30 min is good: a loose contact is one alarm",
    ),
    "clock_skew": Meaning(
        "a probe",
        "The clock of its logger or gateway is wrong, so its readings lie at the wrong time, or take no part at all.",
        "after three readings in a row, over at least a minute, that are more than 5 min ahead, from before the year "
        "2000, or, each alone in its message, later than `[alerting] clock_skew_after`; later than the probe's "
        "`silent_after`, if they are older than what is known already. What a gateway kept and sends at once, as an "
        "array or one by one, is no wrong clock",
        "with the first reading that is in time",
        "warning; alarm when because of it nothing newer that can be used has come for `silent_after`: the probe "
        "talks, and nobody knows the temperature",
    ),
    "battery_low": Meaning(
        "a probe",
        "The battery will be empty soon, and the probe silent.",
        "when the newest reading, by the time it was measured, says `[alerting] battery_low` percent or less. A "
        "battery "
        "that was low a day before anybody heard of it isn't told",
        "when a newer one says at least 10 percent more than that limit",
    ),
    "power_lost": Meaning(
        "a unit",
        "The unit told that its power is gone. What its backup cooling does is in the alarm.",
        "at once with its event; a minute later if the event came late. An outage that was over before it was "
        "heard of is "
        "of the past. When several units lose their power, they are one page",
        "with the event that power is restored",
    ),
    "calibration_due": Meaning(
        "a probe",
        "The probe's certificate runs out; after its date nobody can say that what it measures is true.",
        "`[alerting] calibration_ahead` before the probe's `calibration_due`",
        "when the configured date is that far in the future again",
    ),
    "lot_expiring": Meaning(
        "a lot",
        "The lot expires within its profile's look-ahead.",
        "at that instant",
        "when it has expired, is disposed of, or data or a record that came later say otherwise",
    ),
    "lot_expired": Meaning(
        "a lot",
        "The lot must not be used any more: by its label, or by what its storage did to it.",
        "at the effective expiry: see [figures.md](figures.md)",
        "when it is disposed of, or data or a record that came later say otherwise",
    ),
    "lot_budget": Meaning(
        "a lot",
        "More than 80 % of the time that it may spend in a temperature band, or out of storage, is used up.",
        "at that instant",
        "when the budget is exhausted (it is breached then), or data that came later say otherwise",
    ),
    "lot_thawed": Meaning(
        "a lot",
        "A frozen lot has thawed: by its curve, or by an event.",
        "at the instant at which it counts as thawed",
        "when data or a record that came later say otherwise; it stays until a person resets it all the same",
    ),
    "lot_breached": Meaning(
        "a lot",
        "A limit of its profile is broken: a budget exhausted, too many thaws, too warm a mean, expired.",
        "at that instant",
        "when data or a record that came later say otherwise; it stays until a person resets it all the same",
    ),
    "broker_lost": Meaning(
        "the broker",
        "The monitor can't reach the MQTT broker: no reading comes in, and no unit is watched. It is told as "
        "one outage; "
        "the probes' silence is counted from its end.",
        "`[alerting] broker_lost_after` after the connection was lost",
        "when the connection is back",
    ),
    "influx_lagging": Meaning(
        "InfluxDB",
        "InfluxDB is out of reach, behind, or refuses what it is sent. Nothing is lost: the store is the truth.",
        "5 min after that began; at once for a refusal",
        "when it has caught up",
    ),
    "store_failing": Meaning(
        "the store, or its backup",
        "The store can't commit (a full disk, a locked or broken database): nothing is judged. Nothing is lost "
        "either: what "
        "isn't stored isn't acknowledged. While it lasts people are told without the store, each once an hour.",
        "1 min after it began; it is put on record, with its own times, as soon as the store commits again",
        "when the store commits again",
    ),
    "notifier_failing": Meaning(
        "a person, or the dead-man ping",
        "Messages to this person fail. The others must know, for somebody they count on hears nothing.",
        "when a message has failed twice by one medium",
        "when a message arrives again",
        "alarm; warning for the ping, which reaches nobody's phone",
    ),
    "event_conflict": Meaning(
        "the event's id",
        "Two different events came with one id. Both are set aside: which one is true, only their source knows.",
        "when the second one comes",
        "by no rule: acknowledge it when it is dealt with",
    ),
    "alarm_flood": Meaning(
        "a site",
        "Much has gone wrong at once, probably from one cause. It is one page, with its alarms listed.",
        "with ten alarms in ten minutes at a site; sooner when two units lose their power, or one gateway takes "
        "two units "
        "with it",
        "when all that it explains is over, or most of it and nothing more has ended for ten minutes. What "
        "outlives it is "
        "told by itself",
        "that of the worst alarm in it",
    ),
    "drill": Meaning(
        "a person",
        "A test that this person can be reached and knows how to acknowledge. Nothing is wrong.",
        "by the schedule of drills",
        "when it is acknowledged; unanswered, it climbs the ladder as any alarm does",
    ),
}
