"""What judges, as JSON: the form in which the store keeps dated versions, and their digests.

Keys are the fields' names in the order of their declaration, durations and instants whole milliseconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from monitor.core.profile.profile import Profile
from monitor.core.profile.unit import ProbeSettings


def profile_to_json(profile: Profile) -> dict[str, Any]:
    """A profile as JSON, nothing lost."""
    body: dict[str, Any] = msgspec.to_builtins(profile)
    return body


def profile_from_json(body: Mapping[str, Any]) -> Profile:
    """The profile that :func:`profile_to_json` wrote; raises ValueError naming the key that is wrong."""
    return msgspec.convert(body, Profile)


def settings_to_json(settings: ProbeSettings) -> dict[str, Any]:
    """A probe's settings as JSON, nothing lost."""
    body: dict[str, Any] = msgspec.to_builtins(settings)
    return body


def settings_from_json(body: Mapping[str, Any]) -> ProbeSettings:
    """The settings that :func:`settings_to_json` wrote; raises ValueError naming the key that is wrong."""
    return msgspec.convert(body, ProbeSettings)


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a JSON object in canonical form: keys sorted, no white space, UTF-8.

    Raises ValueError for a number that isn't finite.
    """
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
