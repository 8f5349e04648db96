"""The profiles and units, in all their dated versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from monitor.core.lot.timeline import UnitVersion
from monitor.core.profile.profile import Profile
from monitor.core.profile.rules import ChannelRules


class ProfileBook(Protocol):
    """The profiles, in all their versions."""

    def in_force(self, name: str, at: int) -> Profile:
        """The version in force at an instant; raises KeyError for an unknown profile."""

    def names(self) -> set[str]:
        """Every profile's name."""

    def labels(self) -> list[str]:
        """Every version of every profile as ``name@version``, sorted by name and version."""

    def version(self, name: str, version: int) -> Profile:
        """One version of a profile; raises KeyError if there is none."""

    def units(self) -> Mapping[str, Sequence[UnitVersion]]:
        """The dated versions of every unit ever configured, by ``site/unit``, sorted."""

    def rules_of(self, channel: str) -> ChannelRules | None:
        """The rules of a channel ever configured, also one that is no longer watched; None for an unknown one."""
