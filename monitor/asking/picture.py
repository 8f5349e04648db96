"""What questions to the store need beside it: the configuration as it judges now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.core.profile.installation import Installation
from monitor.core.profile.rules import ChannelRules
from monitor.core.telling.policy import Policy
from monitor.ports import JSON, Clock, ProfileBook


@dataclass(frozen=True, slots=True)
class Picture:
    """What a view needs beside the store: the configuration as it judges now. Without a ``policy`` nobody is said to
    be without a recipient unless nobody is told at all."""

    clock: Clock
    installation: Installation
    rules: Mapping[str, ChannelRules]
    profiles: ProfileBook
    health: Callable[[], JSON]
    is_anybody_told: bool = True
    policy: Policy | None = None
