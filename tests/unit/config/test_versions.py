"""Profiles and probe settings as JSON, in which the store keeps their dated versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import load
from monitor.config.versions import (
    digest,
    profile_from_json,
    profile_to_json,
    settings_from_json,
    settings_to_json,
)
from monitor.core.profile.profile import Profile
from monitor.core.profile.unit import ProbeSettings

PROFILES = load(Path(__file__).parents[3] / "config", {}).profiles

# Hypothesis builds every field from its annotation: one that is added to the core is tested too.
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, _FINITE)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_profile_of_the_starter_survives_json(profile: Profile) -> None:
    assert profile_from_json(json.loads(json.dumps(profile_to_json(profile)))) == profile


@given(st.from_type(Profile))
def test_any_profile_survives_json(profile: Profile) -> None:
    assert profile_from_json(json.loads(json.dumps(profile_to_json(profile)))) == profile


@given(st.from_type(ProbeSettings))
def test_any_probe_settings_survive_json(settings: ProbeSettings) -> None:
    assert settings_from_json(json.loads(json.dumps(settings_to_json(settings)))) == settings


def test_keys_come_in_the_order_of_the_fields() -> None:
    assert list(profile_to_json(PROFILES[0]))[:4] == ["name", "version", "effective_from", "title"]
    assert list(settings_to_json(ProbeSettings()))[:2] == ["max_gap", "offset"]


def test_a_digest_depends_on_what_is_said_and_not_on_the_order_of_keys() -> None:
    found = profile_to_json(PROFILES[0])
    turned = dict(reversed(found.items()))
    assert digest(turned) == digest(found)
    assert digest(found | {"deadband": 99.0}) != digest(found)


def test_a_digest_is_sha256_of_canonical_json() -> None:
    # printf '{"a":"ü","b":[1,null]}' | sha256sum
    expected = "5ddd266d13a5e8cdcca4c2007bb2032c5c319ab15de36c670f395fe8765fc949"
    assert digest({"b": [1, None], "a": "ü"}) == expected


def test_a_number_that_is_not_finite_has_no_digest() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest({"a": float("nan")})


@pytest.mark.parametrize(
    "change", [{"version": "1"}, {"window": None}, {"bands": [{"name": "x"}]}, {"high": {"delay": 1.5}}]
)
def test_json_that_is_no_profile_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"at `\$"):
        profile_from_json(profile_to_json(PROFILES[0]) | change)
