"""What is said of each condition, wherever it is said: its name, what a message says, what to do, what docs/alarms.md
says. One row each; a test holds the table total. A condition that isn't in it, from a newer program, is spelled out
from its name: it is told all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

from monitor.core.alarm.condition import AlarmCondition
from monitor.core.answer.unit import ProbeState
from monitor.words.figures import spell_out


class ConditionWords(NamedTuple):
    """``name``: on pages and in lists. ``happens`` follows the name of what it happens to in a message, ``was`` names
    it once it is over. ``first``: what to do, in order, where ``{move}`` stands for :func:`move`. ``thing`` replaces
    the alarm's subject.

    For docs/alarms.md: what it is ``about``, what it ``means``, when it is ``raised`` and ``clears``, and its
    ``levels`` where it has more than one.

    ``cleared``: a sentence for each reason why it ended; ``recovered warning``: of a mere warning. ``on_wall``: what it
    makes of a probe's state, which mustn't say that all is well, and a few words for it. ``says_why``: whether its
    evidence says in words how it was seen.
    """

    name: str
    happens: str
    was: str
    first: tuple[str, ...]
    about: str = ""
    means: str = ""
    raised: str = ""
    clears: str = ""
    levels: str = ""
    thing: str | None = None
    cleared: Mapping[str, str] = MappingProxyType({})
    on_wall: tuple[ProbeState, str] | None = None
    says_why: bool = False


_SIGN = "see [detection.md](detection.md)"
_CORRECTED = "data or a record that came later say otherwise"
_RIGHT_THEN = "The earlier message was right by what was known then."
_LOT_CORRECTED = (
    "Data that came later, a corrected record, or another profile that QA bound to the lot: it does not hold now. "
    f"{_RIGHT_THEN}"
)

_temperature = partial(
    ConditionWords,
    about="a probe (`site/unit/probe`)",
    raised=(
        "by readings alone, on the line between them: see [figures.md](figures.md). The warning is told of the product "
        "probe, and of a probe with a profile of its own"
    ),
    clears=(
        "an alarm when its excursion closes: back inside by the deadband, and for the clear delay; a warning when the "
        "value is back within the warning level by the deadband. Silence ends neither"
    ),
    levels=(
        "warning beyond the profile's `warning` level for its `delay`; alarm with a confirmed excursion; critical when "
        "the limit marked `instant` is reached. It never falls"
    ),
    cleared={
        "recovered": "The temperature is back in its window and has stayed there.",
        "recovered warning": "The temperature is back within its warning level. It never left its window for long.",
    },
)
"""What warmth and cold have in common."""

CONDITIONS: Mapping[str, ConditionWords] = {
    AlarmCondition.TEMPERATURE_HIGH: _temperature(
        name="Too warm",
        happens="too warm",
        was="too warm",
        first=(
            "Check that the door is shut.",
            "Check the power: plug, breaker, the unit's own display.",
            "Still warming? {move}",
            "Keep the door shut in between.",
        ),
        means=(
            "The product is too warm, or on its way there. Every minute of it is charged to the budgets of the "
            "lots inside."
        ),
    ),
    AlarmCondition.TEMPERATURE_LOW: _temperature(
        name="Too cold",
        happens="too cold",
        was="too cold",
        first=(
            "Read the unit's own display and its set point.",
            "Still cooling? {move}",
            "Do not use what may have frozen before QA has decided.",
        ),
        means="The product is too cold. What must not freeze may be spoiled though it looks the same.",
    ),
    AlarmCondition.RISING_FAST: ConditionWords(
        name="Rises and does not fall",
        happens="rises and does not fall",
        was="rising",
        first=(
            "It is not too warm yet: there is time to save the lots.",
            "Check that the door is shut, and the power: plug, breaker, the unit's own display.",
            "Listen: does the compressor run?",
            "Still rising? {move}",
        ),
        about="the product probe",
        means="A compressor or the power has failed: it warms, and nothing makes it fall. There is still time.",
        raised=f"before any limit is passed, by the course of the readings: {_SIGN}",
        clears="when the temperature has fallen clearly",
        cleared={"recovered": "The temperature has fallen clearly: something cools again."},
        on_wall=("warning", "rises and does not fall"),
    ),
    AlarmCondition.FLAT_LINE: ConditionWords(
        name="Stuck probe",
        happens="has a stuck probe",
        was="a stuck probe",
        first=(
            "Nobody knows its temperature now: read the unit's own display.",
            "Out of its limits? {move}",
            "Take the probe out for a minute: its reading must change. If not, restart or replace it.",
        ),
        about="a probe",
        means="The probe repeats itself to the digit: it is stuck, and what it says is no measurement.",
        raised=_SIGN,
        clears="when its readings move again",
        cleared={"recovered": "The probe's readings move again."},
        on_wall=("fault", "stands still"),
    ),
    AlarmCondition.DOOR_OPEN: ConditionWords(
        name="Door open",
        happens="has its door open",
        was="door open",
        first=(
            "Shut the door, and see that it latches: ice on the seal?",
            "The door is shut? Check its contact.",
        ),
        about="a unit (`site/unit`)",
        means="The unit's own contact told that its door was opened, and not that it was shut.",
        raised="`[detection] door_open_after` after it was opened",
        clears="when the contact tells that it was shut",
        cleared={"recovered": "The door was shut."},
        on_wall=("warning", "door open"),
    ),
    AlarmCondition.SLOW_DRIFT: ConditionWords(
        name="Drifting slowly",
        happens="drifts from day to day",
        was="drifting",
        first=(
            "Compare with the unit's own display: is it the probe or the unit?",
            "Clean the condenser and its filter, and look for ice on the seals.",
            "Have the unit serviced before it leaves its window.",
        ),
        about="a probe",
        means="Its calm temperature creeps towards a limit from day to day: the unit ages, or the probe does.",
        raised=_SIGN,
        clears="when it has not gone on",
        cleared={"recovered": "It has not gone on drifting."},
        on_wall=("warning", "drifts"),
    ),
    AlarmCondition.COOLING_WEAK: ConditionWords(
        name="Cooling is weak",
        happens="cools without a pause and gets no colder",
        was="weak cooling",
        first=(
            "Check that the door is shut and seals, and that the unit gets air.",
            "Clean the condenser and its filter.",
            "Still no pause tomorrow? Have it serviced, and plan where its lots could go.",
        ),
        about="a unit",
        means="Its compressor never pauses and gets nowhere: it will not hold on a warm day.",
        raised=_SIGN,
        clears="when the compressor pauses again",
        cleared={"recovered": "The compressor pauses again."},
        on_wall=("warning", "cools weakly"),
    ),
    AlarmCondition.NO_DATA: ConditionWords(
        name="No data",
        happens="sends no data",
        was="no data",
        first=(
            "Nobody knows its temperature now: read the unit's own display.",
            "Out of its limits? {move}",
            "Check the power of unit and logger, the probe's cable, the network.",
        ),
        about="a probe",
        means=(
            "Nobody knows the temperature now. It says nothing about whether the product is well, and ends no "
            "other alarm."
        ),
        raised=(
            "`silent_after` after the last message, by the clock of the monitor; after an outage of the monitor"
            " or the broker, counted from their return. If its gateway's last will said that it is gone, the "
            "alarm says so"
        ),
        clears=(
            "with the next message. But if the probe fell silent twice within 2 h, only when it has been heard "
            "for 30 min without another silence, and after three within a day for 2 h: a dying battery is a few"
            " alarms, not dozens"
        ),
        cleared={"recovered": "Readings arrive again."},
    ),
    AlarmCondition.PROBE_FAULT: ConditionWords(
        name="Probe fault",
        happens="has a faulty probe",
        was="a faulty probe",
        first=(
            "Its readings cannot be trusted: read the unit's own display.",
            "Out of its limits? {move}",
            "Check the probe and its cable; replace the probe.",
        ),
        about="a probe",
        means="The probe says that it is broken, sends a fault's code, or a value that no probe can measure.",
        raised="with the first such reading",
        clears="when all that it has said for 30 min is good: a loose contact is one alarm",
        cleared={"recovered": "The probe gives good readings again."},
    ),
    AlarmCondition.CLOCK_SKEW: ConditionWords(
        name="Clock is wrong",
        happens="has a probe with a wrong clock",
        was="a wrong clock",
        first=(
            "Set the logger's or gateway's clock, and let it keep time by the network.",
            "Lost power makes clocks begin again: change its battery.",
            "Can nothing that it sends be used? Read the unit's own display until it can.",
        ),
        about="a probe",
        means=(
            "The clock of its logger or gateway is wrong, so its readings lie at the wrong time, or take no "
            "part at all."
        ),
        raised=(
            "after three readings in a row, over at least a minute, that are more than 5 min ahead, from before"
            " the year 2000, or, each alone in its message, later than `[alerting] clock_skew_after`; later "
            "than the probe's `silent_after`, if they are older than what is known already. What a gateway kept"
            " and sends at once, as an array or one by one, is no wrong clock"
        ),
        clears="with the first reading that is in time",
        levels=(
            "warning; alarm when because of it nothing newer that can be used has come for `silent_after`: the "
            "probe talks, and nobody knows the temperature"
        ),
        cleared={"recovered": "Its readings come in time again."},
        says_why=True,
    ),
    AlarmCondition.BATTERY_LOW: ConditionWords(
        name="Battery low",
        happens="has a probe with a low battery",
        was="a low battery",
        first=(
            "Change or charge the probe's battery before it falls silent.",
            "Have one at hand for the others of its age.",
        ),
        about="a probe",
        means="The battery will be empty soon, and the probe silent.",
        raised=(
            "when the newest reading, by the time it was measured, says `[alerting] battery_low` percent or "
            "less. A battery that was low a day before anybody heard of it isn't told"
        ),
        clears="when a newer one says at least 10 percent more than that limit",
        cleared={"recovered": "The battery is charged, or another one."},
        says_why=True,
    ),
    AlarmCondition.POWER_LOST: ConditionWords(
        name="Power lost",
        happens="has lost its power",
        was="without power",
        first=(
            "Check plug, breaker and socket; is the whole room without power?",
            "Keep the door shut: a full freezer keeps for hours, an empty one does not.",
            "No power soon? {move}",
            "Check that its backup cooling runs, and how long that lasts.",
        ),
        about="a unit",
        means="The unit told that its power is gone. What its backup cooling does is in the alarm.",
        raised=(
            "at once with its event; a minute later if the event came late. An outage that was over before it "
            "was heard of is of the past. When several units lose their power, they are one page"
        ),
        clears="with the event that power is restored",
        cleared={"recovered": "The unit told that its power is back. See that its temperature follows."},
        says_why=True,
    ),
    AlarmCondition.CALIBRATION_DUE: ConditionWords(
        name="Calibration due",
        happens="has a probe whose calibration is due",
        was="calibration due",
        first=(
            "Have the probe calibrated, or put a calibrated one in its place.",
            "Enter the new date, and the offset on its certificate, in the configuration.",
        ),
        about="a probe",
        means="The probe's certificate runs out; after its date nobody can say that what it measures is true.",
        raised="`[alerting] calibration_ahead` before the probe's `calibration_due`",
        clears="when the configured date is that far in the future again",
        cleared={"recovered": "The configured date is in the future again."},
        says_why=True,
    ),
    AlarmCondition.LOT_EXPIRING: ConditionWords(
        name="Lot expires soon",
        happens="expires soon",
        was="expiring",
        first=(
            "Use the lot before then, or plan what becomes of it with QA.",
            "An expired lot must not be used.",
        ),
        about="a lot",
        means="The lot expires within its profile's look-ahead.",
        raised="at that instant",
        clears=f"when it has expired, is disposed of, or {_CORRECTED}",
    ),
    AlarmCondition.LOT_EXPIRED: ConditionWords(
        name="Lot expired",
        happens="has expired",
        was="expired",
        first=(
            "Do not use the lot.",
            "Set it apart, and ask QA for a decision.",
        ),
        about="a lot",
        means="The lot must not be used any more: by its label, or by what its storage did to it.",
        raised="at the effective expiry: see [figures.md](figures.md)",
        clears=f"when it is disposed of, or {_CORRECTED}",
    ),
    AlarmCondition.LOT_BUDGET: ConditionWords(
        name="Lot's time budget nearly spent",
        happens="is running out of allowed time",
        was="running out of allowed time",
        first=(
            "See what spends it: its unit's temperature, or the time that it has been out of storage.",
            "Bring the lot to a healthy unit that its profile allows, and record the move.",
            "What is spent does not come back: with nothing left the lot is breached.",
        ),
        about="a lot",
        means="More than 80 % of the time that it may spend in a temperature band, or out of storage, is used up.",
        raised="at that instant",
        clears="when the budget is exhausted (it is breached then), or data that came later say otherwise",
        cleared={
            "corrected": _LOT_CORRECTED,
            "exhausted": "The allowed time is used up: the lot is breached. Do not use it.",
        },
    ),
    AlarmCondition.LOT_THAWED: ConditionWords(
        name="Lot thawed",
        happens="has thawed",
        was="thawed",
        first=(
            "Do not refreeze the lot: ask QA first.",
            "Keep it where its profile allows a thawed lot, and record each move.",
            "Its time in use may have begun: see on its page until when it is good.",
            "It did not thaw? Have QA look at the readings and events on its page.",
        ),
        about="a lot",
        means="A frozen lot has thawed: by its curve, or by an event.",
        raised="at the instant at which it counts as thawed",
        clears=f"when {_CORRECTED}; it stays until a person resets it all the same",
        cleared={"corrected": _LOT_CORRECTED},
    ),
    AlarmCondition.LOT_BREACHED: ConditionWords(
        name="Lot breached",
        happens="has broken its profile",
        was="breached",
        first=(
            "Do not use the lot.",
            "Set it apart and mark it, in storage that is within its profile: do not throw it away.",
            "Ask QA for a decision. The readings that decided are on its page.",
        ),
        about="a lot",
        means="A limit of its profile is broken: a budget exhausted, too many thaws, too warm a mean, expired.",
        raised="at that instant",
        clears=f"when {_CORRECTED}; it stays until a person resets it all the same",
        cleared={"corrected": _LOT_CORRECTED},
    ),
    AlarmCondition.BROKER_LOST: ConditionWords(
        name="Broker out of reach",
        thing="The MQTT broker",
        happens="cannot be reached: no readings arrive",
        was="out of reach",
        first=(
            "Nobody watches the units now: look at the most important ones yourself.",
            "Check that the broker runs, and the network between it and the monitor.",
            "Gateways keep what they measure; it is judged as soon as the broker is back.",
        ),
        about="the broker",
        means=(
            "The monitor can't reach the MQTT broker: no reading comes in, and no unit is watched. It is told "
            "as one outage; the probes' silence is counted from its end."
        ),
        raised="`[alerting] broker_lost_after` after the connection was lost",
        clears="when the connection is back",
        cleared={"recovered": "The broker is back. What gateways kept meanwhile is judged as it comes."},
        says_why=True,
    ),
    AlarmCondition.INFLUX_LAGGING: ConditionWords(
        name="InfluxDB lags behind",
        thing="InfluxDB",
        happens="lags behind",
        was="lagging behind",
        first=(
            "Nothing is lost: readings and alarms are stored and judged here.",
            "Check that InfluxDB runs, can be reached and has room on its disk.",
            "It is filled up by itself once it answers.",
        ),
        about="InfluxDB",
        means=(
            "InfluxDB is out of reach, behind, or refuses what it is sent. Nothing is lost: the store is the "
            "truth."
        ),
        raised="5 min after that began; at once for a refusal",
        clears="when it has caught up",
        cleared={
            "recovered": "InfluxDB has caught up; nothing was lost.",
            "switched_off": "InfluxDB is fed no more: the configuration changed.",
        },
        says_why=True,
    ),
    AlarmCondition.STORE_FAILING: ConditionWords(
        name="Store is failing",
        happens="fails",
        was="failing",
        first=(
            "Nothing new is judged while the store cannot commit: look at the most important units yourself.",
            "Check the disk of the machine: full, read-only, broken? Free some room.",
            "The broker keeps what was not stored; it is taken as soon as the store commits.",
        ),
        about="the store, or its backup",
        means=(
            "The store can't commit (a full disk, a locked or broken database): nothing is judged. Nothing is "
            "lost either: what isn't stored isn't acknowledged. While it lasts people are told without the "
            "store, each once an hour."
        ),
        raised="1 min after it began; it is put on record, with its own times, as soon as the store commits again",
        clears="when the store commits again",
        cleared={"recovered": "The store commits again. What the broker kept meanwhile is taken now."},
        says_why=True,
    ),
    AlarmCondition.NOTIFIER_FAILING: ConditionWords(
        name="Messages can't be delivered",
        happens="cannot be reached",
        was="out of reach",
        first=(
            "Tell this person what is open now, by telephone.",
            "Check the address, the mail server or service, and the way out to the internet.",
            "Try it: exosome-monitor notify test.",
        ),
        about="a person, or the dead-man ping",
        means="Messages to this person fail. The others must know, for somebody they count on hears nothing.",
        raised="when a message has failed twice by one medium",
        clears="when a message arrives again",
        levels="alarm; warning for the ping, which reaches nobody's phone",
        cleared={
            "recovered": "A message has arrived again.",
            "no_longer_told": "This person is told no more: the configuration changed.",
            "switched_off": "No ping is sent any more: the configuration changed.",
        },
        says_why=True,
    ),
    AlarmCondition.JUDGING_FAILED: ConditionWords(
        name="Not judged",
        happens="is judged by nobody: the program fails at it",
        was="not judged",
        first=(
            "Read its temperature off the unit itself, every hour. {move}",
            "See `/readyz` or `alarms unwatched` for what fails, and send that to whoever looks after the program.",
        ),
        about="what isn't judged: a probe (`site/unit/probe`), a unit, a lot, an alarm's id",
        means=(
            "The program fails when it judges this one. Everything else is judged and told as always; of this one "
            "nothing new is said until it works again. What came meanwhile is kept, and judged then."
        ),
        raised="ten seconds after judging it failed, if it still does when it is tried again",
        clears="when judging it works again: it is tried after 1 s, 4 s and so on to 1 h, and by each new version",
        says_why=True,
        on_wall=("unknown", "not judged: the program fails at it"),
    ),
    AlarmCondition.EVENT_CONFLICT: ConditionWords(
        name="Event told in two ways",
        happens="was told in two ways, and neither counts",
        was="told in two ways",
        first=(
            "See which of the two events is right: both are kept.",
            "Have the source send the right one again under another event_id.",
        ),
        about="the event's id",
        means=(
            "Two different events came with one id. Both are set aside: which one is true, only their source "
            "knows."
        ),
        raised="when the second one comes",
        clears="by no rule: acknowledge it when it is dealt with",
        says_why=True,
    ),
    AlarmCondition.ALARM_FLOOD: ConditionWords(
        name="Many alarms at once",
        happens="has many alarms at once",
        was="many alarms at once",
        first=(
            "See to the cause: it is one page, not many.",
            "Power gone? Keep all doors shut, and see which backups run.",
            "Then take the units listed below in their order: the worst come first.",
        ),
        about="a site",
        means="Much has gone wrong at once, probably from one cause. It is one page, with its alarms listed.",
        raised=(
            "with ten alarms in ten minutes at a site; sooner when two units lose their power, or one gateway "
            "takes two units with it"
        ),
        clears=(
            "when all that it explains is over, or most of it and nothing more has ended for ten minutes. What "
            "outlives it is told by itself"
        ),
        levels="that of the worst alarm in it",
        cleared={"recovered": "What came at once is over, or is told by itself."},
    ),
    AlarmCondition.DRILL: ConditionWords(
        name="Drill",
        happens="has a drill to answer",
        was="a drill",
        first=(
            "Nothing is wrong: this tries whether you are reached, and can answer.",
            "Acknowledge it as you would an alarm. If nobody does, the next ones on the ladder hear of it.",
        ),
        about="a person",
        means="A test that this person can be reached and knows how to acknowledge. Nothing is wrong.",
        raised="by the schedule of drills",
        clears="when it is acknowledged; unanswered, it climbs the ladder as any alarm does",
        cleared={
            "answered": "It was answered.",
            "unanswered": "Nobody answered it until the next one was due: see whether the addresses are right.",
            "not_drilled": "This person is drilled no more: the configuration changed.",
        },
    ),
}

_CLEARED_ANY: Mapping[str, str] = {
    "no_longer_watched": "It is no longer watched for this: the configuration changed.",
    "recovered": "The condition is over.",
    "corrected": f"Data that came later, or a corrected record, showed that it does not hold. {_RIGHT_THEN}",
    "disposed": "The lot was disposed of.",
    "expired": "The lot has expired. It must not be used.",
}


def words_of(condition: str) -> ConditionWords:
    """What is said of a condition; of an unknown one by its name."""
    known = CONDITIONS.get(condition)
    if known is not None:
        return known
    spelled = spell_out(condition) or "alarm"
    return ConditionWords(
        name=spelled[:1].upper() + spelled[1:],
        happens=f"has an alarm: {spelled}",
        was=spelled,
        first=("See on the page what it is.",),
    )


def condition_name(condition: str) -> str:
    """A condition's name, on pages and in lists."""
    return words_of(condition).name


def why_cleared(condition: str, reason: str, level: str = "alarm") -> str:
    """One sentence for why an alarm is closed. An unknown or absent reason claims no recovery."""
    own = words_of(condition).cleared
    if level == "warning" and f"{reason} warning" in own:
        return own[f"{reason} warning"]
    known = own.get(reason) or _CLEARED_ANY.get(reason)
    return known or (f"Reason: {spell_out(reason)}." if reason else "No reason is recorded.")


def move(lots: int | None) -> str:
    """What to do with the lots inside; ``lots`` is None where it is not known how many there are."""
    if lots == 0:
        return "No lots are recorded inside: look, before you rely on it."
    which = {None: "its lots", 1: "the lot below"}.get(lots, "the lots below")
    return f"Move {which} to a healthy unit of the same class, and record the move."
