"""What is installed, as it judges and is asked now: the one bag that the writer and the view are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from monitor.core.alarm.limits import Limits
from monitor.core.profile.installation import Installation
from monitor.core.profile.rules import ChannelRules
from monitor.core.sign.detection import Detection
from monitor.core.telling.policy import Policy
from monitor.core.time.instant import HOUR
from monitor.core.time.recurring import Agenda
from monitor.ports import JSON, Clock, ProfileBook
from monitor.words.voice import Voice


@dataclass(frozen=True, slots=True)
class Installed:
    """The configuration as it judges, the clock, who is told and in which words. Made once, by the composition root
    (:mod:`monitor.program.inside`) or a test.

    ``is_anybody_told``: whether an alarm reaches a person; a console is none.
    ``version`` is the program's: what failed in another one is tried again at once. ``publish(kind, body)`` tells
    open pages that something changed; it must not wait.
    """

    clock: Clock
    installation: Installation
    rules: Mapping[str, ChannelRules]
    profiles: ProfileBook
    channel_ids: Mapping[str, int]
    policy: Policy
    voice: Voice
    agenda: Agenda = field(default_factory=Agenda)
    detection: Detection = field(default_factory=Detection)
    limits: Limits = field(default_factory=Limits)
    shelve_max: int = 12 * HOUR
    is_anybody_told: bool = True
    version: str = ""
    publish: Callable[[str, JSON], None] = lambda kind, body: None
