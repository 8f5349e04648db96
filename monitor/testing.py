"""For tests, ours and yours: a clock that is set by hand, a source that is a list, and a whole writer on a real store.

Shipped with the program, so that who extends it can test against the same ports.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.asking.view import View
from monitor.core.alarm.limits import Limits
from monitor.core.answer.shape import AnyAnswer
from monitor.core.channel.reading import Reading
from monitor.core.profile.installation import Installation, Probe, Unit
from monitor.core.profile.profile import Band, Profile, SideRule, Window
from monitor.core.profile.unit import Channel, ProbeSettings
from monitor.core.sign.detection import Detection
from monitor.core.telling.policy import Policy, Recipient
from monitor.core.telling.told import MessageKind
from monitor.core.time.instant import MINUTE
from monitor.core.time.recurring import Agenda
from monitor.ports import JSON, Arrived, Decoded, DeliveryError, Message, Notification
from monitor.store.rules.rulebook import load_rulebook
from monitor.store.store import Store
from monitor.words.voice import Voice
from monitor.writer.installed import Installed
from monitor.writer.writer import Writer


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is set."""

    at: int

    def now(self) -> int:
        """The instant it was set to."""
        return self.at

    def advance(self, ms: int) -> None:
        """Lets time pass."""
        self.at += ms


@dataclass(slots=True)
class ListSource:
    """A source that hands over prepared batches, and remembers what was acknowledged."""

    batches: list[list[Message]]
    acknowledged: list[Message] = field(default_factory=list)
    since: int | None = 0

    def receive(self, timeout: float) -> Sequence[Message]:
        """The next batch; nothing when all were handed over."""
        return self.batches.pop(0) if self.batches else []

    def acknowledge(self, batch: Sequence[Message]) -> None:
        """Remembers."""
        self.acknowledged.extend(batch)

    def connected_since(self) -> int | None:
        """As set."""
        return self.since

    def close(self) -> None:
        """Nothing to end."""


@dataclass(slots=True)
class FakeMedium:
    """Keeps what it is given; fails as often as told first."""

    delivered: list[Notification] = field(default_factory=list)
    failures: int = 0

    def deliver(self, notification: Notification) -> None:
        """Keeps it, or raises DeliveryError."""
        if self.failures > 0:
            self.failures -= 1
            raise DeliveryError("told to fail")
        self.delivered.append(notification)


class PlainVoice(Voice):
    """Says what it is about and no more."""

    def message(
        self,
        kind: MessageKind,
        alarm: AnyAnswer,
        *,
        others: Sequence[str] = (),
        children: Sequence[AnyAnswer] = (),
    ) -> tuple[str, str]:
        return f"{kind} {alarm['condition']} {alarm['subject']}", ""

    def shelf_ended(self, suppression: AnyAnswer, alarm: AnyAnswer) -> tuple[str, str]:
        return f"shelf ended {suppression['condition']} {suppression['subject']}", ""

    def digest(self, site: str, period: str, contents: JSON) -> tuple[str, str]:
        counts = (f"{len(contents[key])} {key}" for key in ("lots", "past", "open"))
        return f"digest {site} {period}: {', '.join(counts)}", json.dumps(contents)

    def summary(self, site: str, period: str, contents: JSON) -> tuple[str, str]:
        return f"summary {site} {period}: {len(contents['excursions'])} excursions", json.dumps(contents)


def ult_profile(**changes: object) -> Profile:
    """An ultra-low profile with round numbers: −90 to −60 °C, delay 10 min, clear delay 5 min, deadband 2 °C."""
    profile = Profile(
        name="ult",
        version=1,
        effective_from=0,
        title="test",
        window=Window(-90.0, -60.0),
        deadband=2.0,
        high=SideRule(10 * MINUTE, 5 * MINUTE, -40.0, None),
        low=SideRule(10 * MINUTE, 5 * MINUTE, None, None),
        bands=(
            Band("warm", -60.0, -40.0, None),
            Band("warmer", -40.0, None, None),
            Band("cold", None, -90.0, None),
        ),
        look_ahead=14 * 24 * 60 * MINUTE,
    )
    return replace(profile, **changes)  # type: ignore[arg-type]


def one_unit(
    settings: ProbeSettings | None = None, *, zone: str = "Europe/Berlin", units: Sequence[str] = ("F01",)
) -> Installation:
    """Units of site ``lab1``, each with one probe ``product``, judged by profile ``ult``."""
    return Installation(
        {
            f"lab1/{name}": Unit(
                site="lab1",
                name=name,
                title=f"Freezer {name}",
                profile="ult",
                storage_class="ult",
                product_probe="product",
                probes=(Probe(Channel("lab1", name, "product"), settings or ProbeSettings()),),
            )
            for name in units
        },
        {"lab1": ZoneInfo(zone)},
    )


@functools.cache
def _empty_store() -> bytes:
    """A store without anything in it. To make its tables takes half of what a rig takes, and tests open thousands."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        store = Store(f"sqlite:///{path}")
        store.open_for_writing()
        store.close()
        return path.read_bytes()


class Rig:
    """A whole writer on a store of its own file, without threads: what it is given it has done when it returns.

    Opened again on the same file it is a restart. ``policy`` defaults to a console that is told of everything.
    """

    def __init__(
        self,
        path: Path,
        *,
        installation: Installation | None = None,
        profiles: Iterable[Profile] = (),
        now: int = 0,
        policy: Policy | None = None,
        clock: ManualClock | None = None,
        agenda: Agenda | None = None,
        detection: Detection | None = None,
        limits: Limits | None = None,
        voice: Voice | None = None,
    ) -> None:
        self.clock = clock or ManualClock(now)
        self.installation = installation or one_unit()
        if not path.exists():
            path.write_bytes(_empty_store())
        self.store = Store(f"sqlite:///{path}")
        self.store.open_for_writing()
        with self.store.writing() as tx:
            self.ids = self.store.history.add_channels(tx, list(self.installation.probes()))
            book, _ = load_rulebook(
                tx, self.installation, list(profiles) or [ult_profile()], self.clock.now()
            )
        rules = {
            channel: found
            for channel in self.installation.probes()
            if (found := book.rules_of(channel)) is not None
        }
        installed = Installed(
            clock=self.clock,
            installation=self.installation,
            rules=rules,
            profiles=book,
            channel_ids=self.ids,
            policy=policy or Policy(always=(Recipient("console", "console", "console"),)),
            voice=voice or PlainVoice(),
            agenda=agenda or Agenda(),
            detection=detection or Detection(),
            limits=limits or Limits(),
        )
        self.rules = rules
        self.view = View(self.store, installed)
        self.writer = Writer(self.store, installed, self.view)
        self.writer.resume()

    def read(
        self, readings: Sequence[Reading], *, channel: str = "lab1/F01/product", apart: bool = True
    ) -> None:
        """Takes readings in one batch: each a message of its own (``apart``), or all one message."""
        number = self.ids[channel]
        arrived = [Arrived(number, r, 0 if apart else item, True) for item, r in enumerate(readings)]
        self.writer.take(Decoded(readings=arrived), lambda: None)

    def kill(self) -> None:
        """Ends as a crash would: nothing more is written."""
        self.store.close()

    def close(self) -> None:
        """Ends in good order."""
        self.writer.close()
        self.store.close()
