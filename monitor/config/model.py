"""The configuration as the program sees it: frozen, checked, every default filled in.

Instants and durations are whole milliseconds, temperatures °C.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from monitor.config.media import ADDRESS_KINDS
from monitor.config.secret.secret import SHOWN, Secret, redacted
from monitor.core.alarm.limits import Limits
from monitor.core.profile.installation import Unit
from monitor.core.profile.profile import Profile
from monitor.core.sign.detection import Detection
from monitor.core.telling.policy import Ladder, QuietHours, Route
from monitor.core.telling.rota import Rota
from monitor.core.time.recurring import Recurring

REFERENCES = ("env:", "file:")
"""How a value begins that is kept elsewhere: in the variable ``env:NAME``, or in the file ``file:PATH``."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where the truth is kept. ``url`` may hold a password and stays out of ``repr``; show ``shown_url``.

    ``backup_dir``: where a daily backup goes, None: nowhere.
    """

    url: str = field(repr=False)
    housekeeping_at: time
    backup_dir: Path | None
    backup_keep: int
    keep_rejected: int
    keep_messages: int

    @property
    def shown_url(self) -> str:
        """The URL with any password as ``<secret>``."""
        return redacted(self.url)


@dataclass(frozen=True, slots=True)
class Tls:
    """An encrypted connection; None takes the machine's own certificates, and no certificate of ours."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Mqtt:
    """The broker. ``receive_maximum`` is how many messages may be unacknowledged at once."""

    host: str
    port: int
    root: str
    username: str | None
    password: Secret | None
    password_file: Path | None
    tls: Tls | None
    client_id: str
    keepalive: int
    receive_maximum: int
    session_expiry: int
    protocol: Literal["5", "3.1.1", "auto"]


@dataclass(frozen=True, slots=True)
class Influx:
    """The projection to InfluxDB 2. ``url``: empty (off), ``file:PATH`` (line protocol) or ``http(s)://``."""

    url: str = field(repr=False)
    org: str
    bucket: str
    token: Secret | None
    token_file: Path | None

    @property
    def shown_url(self) -> str:
        """The URL with any password as ``<secret>``."""
        return redacted(self.url)


@dataclass(frozen=True, slots=True)
class Web:
    """Pages and API. ``external_url`` is what links in messages begin with; empty: ``http://host:port``. With
    ``page_actions`` whoever sees the pages can acknowledge, shelve and reset alarms there."""

    host: str
    port: int
    external_url: str
    page_actions: bool = True

    @property
    def base_url(self) -> str:
        """What links begin with, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.external_url.rstrip("/") or f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server; an empty ``host`` means that no mail is sent."""

    host: str
    port: int
    sender: str
    username: str | None
    password: Secret | None
    password_file: Path | None
    starttls: bool
    tls: bool


@dataclass(frozen=True, slots=True)
class DeadManPing:
    """What is asked for every ``every`` ms while all is well. ``source`` is what the file says; show ``shown``."""

    source: str = field(repr=False)
    url: Secret
    every: int

    @property
    def shown(self) -> str:
        """``source``, with the part of a URL that may be a token as ``<secret>``."""
        if self.source.startswith(REFERENCES):
            return self.source
        return f"{self.source.partition('://')[0]}://{SHOWN}"


@dataclass(frozen=True, slots=True)
class Alerting:
    """How alarms are told, and from when on. ``digest_at`` and ``qa_summary`` come in each site's time zone."""

    console: bool
    digest_at: Recurring
    qa_summary: Recurring
    drill: Recurring
    dead_man: DeadManPing | None
    retry_first: int
    retry_max: int
    shelve_max: int
    rearm_after: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class Site:
    """A place, and the IANA name of its time zone."""

    name: str
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached. ``source`` is what the file says; ``value`` what a medium needs.

    ``source`` is a mail address, ``pagerduty:ROUTING_KEY``, ``webhook:URL``, an Apprise URL, ``env:NAME`` or
    ``file:PATH``; show ``shown``. ``key`` names its place in people.toml.
    """

    medium: str
    source: str = field(repr=False)
    value: Secret
    key: str = field(default="", compare=False)

    @property
    def shown(self) -> str:
        """``source``, with a routing key, and the part of an Apprise URL that may be a token, as ``<secret>``."""
        is_elsewhere = self.source.startswith(REFERENCES)
        return self.source if is_elsewhere else ADDRESS_KINDS[self.medium].shown(self.source)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told. ``timezone`` is for quiet hours; None: the zone of the site concerned.
    ``qa``: gets the weekly summary. ``webhook_key`` signs what goes to the person's webhooks; it is kept at
    ``webhook_key_source``."""

    name: str
    title: str
    addresses: tuple[Address, ...]
    timezone: str | None = None
    quiet_hours: QuietHours | None = None
    qa: bool = False
    webhook_key: Secret | None = None
    webhook_key_source: str | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it. ``profiles`` holds every version, in the order of name and version.

    ``directory`` says where it was read and is no part of what it says, so it doesn't count in comparisons.
    """

    store: Storage
    mqtt: Mqtt
    influx: Influx
    web: Web
    mail: Mail
    alerting: Alerting
    detection: Detection
    sites: dict[str, Site]
    units: tuple[Unit, ...]
    profiles: tuple[Profile, ...]
    people: tuple[Person, ...]
    rotas: tuple[Rota, ...]
    ladders: tuple[Ladder, ...]
    routes: tuple[Route, ...]
    directory: Path = field(compare=False)
    warnings: tuple[str, ...] = ()

    def unit(self, path: str) -> Unit | None:
        """The unit of that ``site/unit``, or None."""
        return next((unit for unit in self.units if unit.path == path), None)
