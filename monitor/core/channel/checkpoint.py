"""The state of a channel's fold as JSON and back, exactly: a fold that goes on from it gives the same facts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.core.channel.excursion import Excursion, Side
from monitor.core.channel.fold import ChannelState
from monitor.core.channel.warning import side_from_json, side_to_json
from monitor.core.profile.profile import HIGH, LOW, Direction
from monitor.core.profile.rules import ChannelRules

_SIDE_FIELDS = ("stay_since", "reentered_at", "clearing_since", "near_ms", "day_end", "day_ms")


def state_to_json(state: ChannelState) -> dict[str, Any]:
    """A state in plain values; profiles by name and version."""
    return {
        "last_at": state.last_at,
        "last_values": list(state.last_values),
        "high": _side_to_json(state.high),
        "low": _side_to_json(state.low),
        "warm": side_to_json(state.warm),
        "cool": side_to_json(state.cool),
    }


def _side_to_json(side: Side) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(side, name) for name in _SIDE_FIELDS}
    found["profile"] = [side.profile.name, side.profile.version]
    found["excursion"] = None if side.excursion is None else excursion_to_json(side.excursion)
    return found


def state_from_json(found: dict[str, Any], rules: ChannelRules) -> ChannelState:
    """The state again; raises KeyError if the rules no longer hold a profile version that it was judged by."""
    state = ChannelState(rules)
    state.last_at = found["last_at"]
    state.last_values = tuple(found["last_values"])
    state.high = _side_from_json("high", found["high"], rules)
    state.low = _side_from_json("low", found["low"], rules)
    state.warm = side_from_json(HIGH, found.get("warm"))
    state.cool = side_from_json(LOW, found.get("cool"))
    state.settle(rules)
    return state


def _side_from_json(direction: Direction, found: dict[str, Any], rules: ChannelRules) -> Side:
    name, version = found["profile"]
    side = Side(direction, rules.profile_named(name, version))
    for field in _SIDE_FIELDS:
        setattr(side, field, found[field])
    if found["excursion"] is not None:
        side.excursion = excursion_from_json(found["excursion"])
    return side


def excursion_to_json(excursion: Excursion) -> dict[str, Any]:
    """An excursion in plain values, nothing rounded."""
    return asdict(excursion)


def excursion_from_json(found: dict[str, Any]) -> Excursion:
    """The excursion again."""
    return Excursion(**found)
