"""What messages say of each condition: tables of short texts for a phone, read by somebody just woken.

A condition or a reason that is not in a table is spelled out from its name: a new one is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Wording(NamedTuple):
    """How a condition is worded.

    ``happens`` follows the name of what it happens to; ``was`` names the condition once it is over; ``first``
    is what to do, in order, where ``{move}`` stands for :func:`move`; ``name`` replaces the alarm's subject.
    """

    happens: str
    was: str
    first: tuple[str, ...]
    name: str | None = None


WORDINGS: Mapping[str, Wording] = {
    "temperature_high": Wording(
        "too warm",
        "too warm",
        (
            "Check that the door is shut.",
            "Check the power: plug, breaker, the unit's own display.",
            "Still warming? {move}",
            "Keep the door shut in between.",
        ),
    ),
    "temperature_low": Wording(
        "too cold",
        "too cold",
        (
            "Read the unit's own display and its set point.",
            "Still cooling? {move}",
            "Do not use what may have frozen before QA has decided.",
        ),
    ),
    "rising_fast": Wording(
        "rises and does not fall",
        "rising",
        (
            "It is not too warm yet: there is time to save the lots.",
            "Check that the door is shut, and the power: plug, breaker, the unit's own display.",
            "Listen: does the compressor run?",
            "Still rising? {move}",
        ),
    ),
    "flat_line": Wording(
        "has a stuck probe",
        "a stuck probe",
        (
            "Nobody knows its temperature now: read the unit's own display.",
            "Out of its limits? {move}",
            "Take the probe out for a minute: its reading must change. If not, restart or replace it.",
        ),
    ),
    "door_open": Wording(
        "has its door open",
        "door open",
        (
            "Shut the door, and see that it latches: ice on the seal?",
            "The door is shut? Check its contact.",
        ),
    ),
    "slow_drift": Wording(
        "drifts from day to day",
        "drifting",
        (
            "Compare with the unit's own display: is it the probe or the unit?",
            "Clean the condenser and its filter, and look for ice on the seals.",
            "Have the unit serviced before it leaves its window.",
        ),
    ),
    "cooling_weak": Wording(
        "cools without a pause and gets no colder",
        "weak cooling",
        (
            "Check that the door is shut and seals, and that the unit gets air.",
            "Clean the condenser and its filter.",
            "Still no pause tomorrow? Have it serviced, and plan where its lots could go.",
        ),
    ),
    "no_data": Wording(
        "sends no data",
        "no data",
        (
            "Nobody knows its temperature now: read the unit's own display.",
            "Out of its limits? {move}",
            "Check the power of unit and logger, the probe's cable, the network.",
        ),
    ),
    "probe_fault": Wording(
        "has a faulty probe",
        "a faulty probe",
        (
            "Its readings cannot be trusted: read the unit's own display.",
            "Out of its limits? {move}",
            "Check the probe and its cable; replace the probe.",
        ),
    ),
    "clock_skew": Wording(
        "has a probe with a wrong clock",
        "a wrong clock",
        (
            "Set the logger's or gateway's clock, and let it keep time by the network.",
            "Lost power makes clocks begin again: change its battery.",
            "Can nothing that it sends be used? Read the unit's own display until it can.",
        ),
    ),
    "battery_low": Wording(
        "has a probe with a low battery",
        "a low battery",
        (
            "Change or charge the probe's battery before it falls silent.",
            "Have one at hand for the others of its age.",
        ),
    ),
    "power_lost": Wording(
        "has lost its power",
        "without power",
        (
            "Check plug, breaker and socket; is the whole room without power?",
            "Keep the door shut: a full freezer keeps for hours, an empty one does not.",
            "No power soon? {move}",
            "Check that its backup cooling runs, and how long that lasts.",
        ),
    ),
    "calibration_due": Wording(
        "has a probe whose calibration is due",
        "calibration due",
        (
            "Have the probe calibrated, or put a calibrated one in its place.",
            "Enter the new date, and the offset on its certificate, in the configuration.",
        ),
    ),
    "lot_expiring": Wording(
        "expires soon",
        "expiring",
        (
            "Use the lot before then, or plan what becomes of it with QA.",
            "An expired lot must not be used.",
        ),
    ),
    "lot_expired": Wording(
        "has expired",
        "expired",
        (
            "Do not use the lot.",
            "Set it apart, and ask QA for a decision.",
        ),
    ),
    "lot_budget": Wording(
        "is running out of allowed time",
        "running out of allowed time",
        (
            "See what spends it: its unit's temperature, or the time that it has been out of storage.",
            "Bring the lot to a healthy unit that its profile allows, and record the move.",
            "What is spent does not come back: with nothing left the lot is breached.",
        ),
    ),
    "lot_thawed": Wording(
        "has thawed",
        "thawed",
        (
            "Do not refreeze the lot: ask QA first.",
            "Keep it where its profile allows a thawed lot, and record each move.",
            "Its time in use may have begun: see on its page until when it is good.",
            "It did not thaw? Have QA look at the readings and events on its page.",
        ),
    ),
    "lot_breached": Wording(
        "has broken its profile",
        "breached",
        (
            "Do not use the lot.",
            "Set it apart and mark it, in storage that is within its profile: do not throw it away.",
            "Ask QA for a decision. The readings that decided are on its page.",
        ),
    ),
    "drill": Wording(
        "has a drill to answer",
        "a drill",
        (
            "Nothing is wrong: this tries whether you are reached, and can answer.",
            "Acknowledge it as you would an alarm. If nobody does, the next ones on the ladder hear of it.",
        ),
    ),
    "influx_lagging": Wording(
        "lags behind",
        "lagging behind",
        (
            "Nothing is lost: readings and alarms are stored and judged here.",
            "Check that InfluxDB runs, can be reached and has room on its disk.",
            "It is filled up by itself once it answers.",
        ),
        name="InfluxDB",
    ),
    "broker_lost": Wording(
        "cannot be reached: no readings arrive",
        "out of reach",
        (
            "Nobody watches the units now: look at the most important ones yourself.",
            "Check that the broker runs, and the network between it and the monitor.",
            "Gateways keep what they measure; it is judged as soon as the broker is back.",
        ),
        name="The MQTT broker",
    ),
    "store_failing": Wording(
        "fails",
        "failing",
        (
            "Nothing new is judged while the store cannot commit: look at the most important units yourself.",
            "Check the disk of the machine: full, read-only, broken? Free some room.",
            "The broker keeps what was not stored; it is taken as soon as the store commits.",
        ),
    ),
    "notifier_failing": Wording(
        "cannot be reached",
        "out of reach",
        (
            "Tell this person what is open now, by telephone.",
            "Check the address, the mail server or service, and the way out to the internet.",
            "Try it: exosome-monitor notify test.",
        ),
    ),
    "event_conflict": Wording(
        "was told in two ways, and neither counts",
        "told in two ways",
        (
            "See which of the two events is right: both are kept.",
            "Have the source send the right one again under another event_id.",
        ),
    ),
    "alarm_flood": Wording(
        "has many alarms at once",
        "many alarms at once",
        (
            "See to the cause: it is one page, not many.",
            "Power gone? Keep all doors shut, and see which backups run.",
            "Then take the units listed below in their order: the worst come first.",
        ),
    ),
}

CONFIRMED_BY: Mapping[str, str] = {
    "delay": "outside for longer than its delay",
    "instant": "reached the limit that allows no delay",
    "cumulative_delay": "short ones added up to the daily limit",
}

_LOT_CORRECTED = (
    "Data that came later, a corrected record, or another profile that QA bound to the lot: it does not hold now. "
    "The earlier message was right by what was known then."
)
_TEMPERATURE_BACK = "The temperature is back in its window and has stayed there."
_WARNING_OVER = "The temperature is back within its warning level. It never left its window for long."
_CLEARED: Mapping[tuple[str, str], str] = {
    ("temperature_high", "recovered"): _TEMPERATURE_BACK,
    ("temperature_low", "recovered"): _TEMPERATURE_BACK,
    ("temperature_high", "recovered warning"): _WARNING_OVER,
    ("temperature_low", "recovered warning"): _WARNING_OVER,
    ("rising_fast", "recovered"): "The temperature has fallen clearly: something cools again.",
    ("flat_line", "recovered"): "The probe's readings move again.",
    ("door_open", "recovered"): "The door was shut.",
    ("slow_drift", "recovered"): "It has not gone on drifting.",
    ("cooling_weak", "recovered"): "The compressor pauses again.",
    ("no_data", "recovered"): "Readings arrive again.",
    ("probe_fault", "recovered"): "The probe gives good readings again.",
    ("lot_budget", "corrected"): _LOT_CORRECTED,
    ("lot_thawed", "corrected"): _LOT_CORRECTED,
    ("lot_breached", "corrected"): _LOT_CORRECTED,
    ("lot_budget", "exhausted"): "The allowed time is used up: the lot is breached. Do not use it.",
    ("drill", "answered"): "It was answered.",
    (
        "drill",
        "unanswered",
    ): "Nobody answered it until the next one was due: see whether the addresses are right.",
    ("drill", "not_drilled"): "This person is drilled no more: the configuration changed.",
    ("influx_lagging", "recovered"): "InfluxDB has caught up; nothing was lost.",
    ("clock_skew", "recovered"): "Its readings come in time again.",
    ("battery_low", "recovered"): "The battery is charged, or another one.",
    ("power_lost", "recovered"): "The unit told that its power is back. See that its temperature follows.",
    ("calibration_due", "recovered"): "The configured date is in the future again.",
    ("broker_lost", "recovered"): "The broker is back. What gateways kept meanwhile is judged as it comes.",
    ("store_failing", "recovered"): "The store commits again. What the broker kept meanwhile is taken now.",
    ("notifier_failing", "recovered"): "A message has arrived again.",
    ("notifier_failing", "no_longer_told"): "This person is told no more: the configuration changed.",
    ("notifier_failing", "switched_off"): "No ping is sent any more: the configuration changed.",
    ("influx_lagging", "switched_off"): "InfluxDB is fed no more: the configuration changed.",
    ("alarm_flood", "recovered"): "What came at once is over, or is told by itself.",
}
_CLEARED_ANY: Mapping[str, str] = {
    "no_longer_watched": "It is no longer watched for this: the configuration changed.",
    "recovered": "The condition is over.",
    "corrected": "Data that came later, or a corrected record, showed that it does not hold. "
    "The earlier message was right by what was known then.",
    "disposed": "The lot was disposed of.",
    "expired": "The lot has expired. It must not be used.",
}


def wording(condition: str) -> Wording:
    """How a condition is worded; an unknown one by its name."""
    spelled = spell_out(condition) or "alarm"
    unlisted = Wording(f"has an alarm: {spelled}", spelled, ("See on the page what it is.",))
    return WORDINGS.get(condition, unlisted)


def why_cleared(condition: str, reason: str, level: str = "alarm") -> str:
    """One sentence for why an alarm is closed. An unknown or absent reason claims no recovery."""
    if level == "warning" and (condition, f"{reason} warning") in _CLEARED:
        return _CLEARED[condition, f"{reason} warning"]
    known = _CLEARED.get((condition, reason)) or _CLEARED_ANY.get(reason)
    return known or (f"Reason: {spell_out(reason)}." if reason else "No reason is recorded.")


def move(lots: int | None) -> str:
    """What to do with the lots inside; ``lots`` is None where it is not known how many there are."""
    if lots == 0:
        return "No lots are recorded inside: look, before you rely on it."
    which = {None: "its lots", 1: "the lot below"}.get(lots, "the lots below")
    return f"Move {which} to a healthy unit of the same class, and record the move."


def spell_out(name: str) -> str:
    """``door_open`` as ``door open``."""
    return name.replace("_", " ").strip()
