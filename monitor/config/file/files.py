"""The keys of ``monitor.toml``, with their defaults."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from monitor.config.file.fields import (
    ClockTime,
    DailyTimes,
    Day,
    Duration,
    FilePath,
    Flag,
    InFlight,
    Kept,
    Name,
    NotNegative,
    Number,
    Ordinal,
    Port,
    Positive,
    PositiveDuration,
    Table,
    Text,
    WeeklyTime,
    Written,
    Zone,
)
from monitor.config.model import Tls
from monitor.core.alarm.limits import Limits
from monitor.core.sign.detection import Detection
from monitor.core.time.instant import DAY, HOUR, MINUTE, SECOND

DEFAULT_ROOT = "exosome/v1"
DEFAULT_STORE = "sqlite:///var/monitor.db"
_SIGNS = Detection()
_LIMITS = Limits()


class StoreTable(Table):
    """``[store]``"""

    url: Annotated[Text, Kept("shown_url")] = Field(
        default=DEFAULT_STORE,
        description="sqlite:///PATH (relative to the current directory) or postgresql://…",
    )
    housekeeping_at: ClockTime = Field(
        default="03:30",
        validate_default=True,
        description="time of day, at the first site, for the backup, the comparison with InfluxDB, and tidying up",
    )
    backup_dir: FilePath | None = Field(
        default=None,
        description="a backup of a SQLite store is made here daily (relative to the current directory)",
    )
    backup_keep: Ordinal = Field(default=14, description="how many of those backups are kept")
    keep_rejected: PositiveDuration = Field(
        default=90 * DAY, description="how long messages that could not be taken are kept; their counts stay"
    )
    keep_messages: PositiveDuration = Field(
        default=400 * DAY,
        description="how long the text of a message to a person is kept; that it was sent stays on record",
    )


class TlsTable(Table):
    """``[mqtt] tls = { … }``"""

    ca_file: FilePath | None = Field(
        default=None, description="certificates to trust; default: the machine's own"
    )
    cert_file: FilePath | None = Field(default=None, description="our certificate; needs key_file")
    key_file: FilePath | None = Field(default=None, description="our certificate's key; needs cert_file")


def _tls(value: Any) -> Any:
    if value is True or value == "true":
        return {}
    return None if value is False or value == "false" else value


def _written_tls(tls: Tls) -> object:
    paths = asdict(tls)
    return {key: path and str(path) for key, path in paths.items()} if any(paths.values()) else True


class MqttTable(Table):
    """``[mqtt]``"""

    host: Text = Field(default="127.0.0.1", description="the broker")
    port: Port | None = Field(default=None, description="default: 1883, with tls 8883")
    root: Text = Field(default=DEFAULT_ROOT, description="what the topics begin with")
    username: Text | None = None
    password_file: FilePath | None = Field(
        default=None, description="or the variable EXOSOME_MONITOR_MQTT_PASSWORD"
    )
    tls: Annotated[
        TlsTable | None,
        BeforeValidator(_tls),
        WithJsonSchema({"anyOf": [{"type": "boolean"}, TlsTable.model_json_schema()]}),
        Written(_written_tls, nothing=False),
    ] = None
    client_id: Text = Field(
        default="exosome-monitor", description="one per installation; the broker keeps its session"
    )
    keepalive: PositiveDuration = 60 * SECOND
    receive_maximum: InFlight = Field(
        default=10_000, description="messages that may be unacknowledged at once"
    )
    session_expiry: Duration = Field(
        default=14 * DAY, description="how long the broker collects for us while we are away"
    )
    protocol: Literal["5", "3.1.1", "auto"] = "auto"


class InfluxTable(Table):
    """``[influx]``"""

    url: Annotated[Text, Kept("shown_url")] = Field(
        default="", description="empty: off; file:PATH; http://… or https://…"
    )
    org: Text = ""
    bucket: Text = ""
    token_file: FilePath | None = Field(default=None, description="or the variable INFLUXDB_TOKEN")


class WebTable(Table):
    """``[web]``"""

    host: Text = Field(default="127.0.0.1", description="loopback unless told otherwise")
    port: Port = 8080
    external_url: Text = Field(
        default="", description="what links in messages begin with; empty: http://host:port"
    )
    page_actions: Flag = Field(
        default=True, description="whoever sees the pages can acknowledge, shelve and reset alarms there"
    )


class MailTable(Table):
    """``[mail]``"""

    host: Text = Field(default="", description="the mail server; empty: no mail")
    port: Port | None = Field(default=None, description="default: 465 with tls, 587 with starttls, else 25")
    sender: Text = Field(default="", alias="from", description="the address that mails come from")
    username: Text | None = None
    password_file: FilePath | None = Field(
        default=None, description="or the variable EXOSOME_MONITOR_MAIL_PASSWORD"
    )
    starttls: Flag | None = Field(
        default=None, description="default: true, but false with tls or a loopback host"
    )
    tls: Flag = Field(default=False, description="encrypted from the first byte")


class AlertingTable(Table):
    """``[alerting]``"""

    console: Flag = Field(default=True, description="alarms on the console too")
    digest_at: DailyTimes = Field(
        default="07:00", validate_default=True, description="time of day at each site, or several in a list"
    )
    qa_summary: WeeklyTime = Field(
        default="Mon 08:00", validate_default=True, description="weekday and time at each site, or off"
    )
    drill: WeeklyTime | None = Field(
        default=None,
        description="weekday and time, or off; default: Tue 10:00 where there is a rota, else off",
    )
    dead_man_url: Annotated[Text, Kept("dead_man.shown")] = Field(
        default="",
        description="asked for while all is well, so that its silence tells; http(s)://…, env:NAME or file:PATH",
    )
    dead_man_every: Annotated[PositiveDuration, Kept("dead_man.every")] = 5 * MINUTE
    retry_first: PositiveDuration = 30 * SECOND
    retry_max: PositiveDuration = 15 * MINUTE
    shelve_max: PositiveDuration = 12 * HOUR
    rearm_after: PositiveDuration = 4 * HOUR
    battery_low: Annotated[NotNegative, Kept("limits.battery_low")] = Field(
        default=_LIMITS.battery_low, description="percent, at or below"
    )
    clock_skew_after: Annotated[PositiveDuration, Kept("limits.clock_skew_after")] = Field(
        default=_LIMITS.clock_skew_after,
        description="how long after it was measured a single reading may come",
    )
    calibration_ahead: Annotated[Duration, Kept("limits.calibration_ahead")] = Field(
        default=_LIMITS.calibration_ahead, description="how long before its date a calibration is asked for"
    )
    broker_lost_after: Annotated[Duration, Kept("limits.broker_lost_after")] = Field(
        default=_LIMITS.broker_lost_after, description="how long the broker may be out of reach"
    )


class DetectionTable(Table):
    """``[detection]``"""

    rising_fast: Flag = Field(default=_SIGNS.rising_fast, description="warms, and nothing makes it fall")
    flat_line: Flag = Field(default=_SIGNS.flat_line, description="a probe that repeats itself")
    door_open: Flag = Field(default=_SIGNS.door_open, description="by the unit's door contact")
    door_open_after: PositiveDuration = Field(
        default=_SIGNS.door_open_after, description="how long a door may stand open"
    )
    slow_drift: Flag = Field(default=_SIGNS.slow_drift, description="creeps from day to day")
    cooling_weak: Flag = Field(default=_SIGNS.cooling_weak, description="a compressor that never pauses")


class SiteTable(Table):
    """``[site.<name>]``"""

    timezone: Zone


class PlausibleTable(Table):
    """``plausible``: what the probe can say at all, °C, closed."""

    low: Number = -210.0
    high: Number = 60.0


class ProbeTable(Table):
    """One probe of a unit."""

    name: Name
    max_gap: Annotated[PositiveDuration, Kept("settings.max_gap")] = Field(
        default=15 * MINUTE, description="readings farther apart have unknown time between them"
    )
    silent_after: PositiveDuration | None = Field(default=None, description="default: max_gap")
    calibration_due: Day | None = None
    offset: Annotated[Number, Kept("settings.offset")] = Field(
        default=0.0, description="°C, added to each value"
    )
    uncertainty: Annotated[NotNegative | None, Kept("settings.uncertainty")] = Field(
        default=None, description="°C, of the calibration"
    )
    sensor: Annotated[Text | None, Kept("settings.sensor")] = Field(
        default=None, description="a kind whose fault codes are known"
    )
    plausible: Annotated[PlausibleTable, Kept("settings.plausible_{}")] = Field(
        default_factory=PlausibleTable
    )
    max_rate: Annotated[Positive | None, Kept("settings.max_rate")] = Field(
        default=None, description="°C per minute"
    )
    profile: Name | None = Field(default=None, description="judged by a profile of its own")
    alarms: Flag = True


class UnitTable(Table):
    """``[[unit]]``"""

    site: Name
    name: Name
    title: Text | None = Field(default=None, description="default: the name")
    profile: Name
    storage_class: Name | None = Field(default=None, alias="class", description="default: the profile's name")
    product_probe: Name | None = Field(default=None, description="default: the only probe")
    probe: Annotated[list[ProbeTable], Kept("probes")] = Field(min_length=1)


class MonitorFile(Table):
    """``monitor.toml``"""

    store: StoreTable = Field(default_factory=StoreTable)
    mqtt: MqttTable = Field(default_factory=MqttTable)
    influx: InfluxTable = Field(default_factory=InfluxTable)
    web: WebTable = Field(default_factory=WebTable)
    mail: MailTable = Field(default_factory=lambda: MailTable.model_validate({}))
    alerting: AlertingTable = Field(default_factory=AlertingTable)
    detection: DetectionTable = Field(default_factory=DetectionTable)
    site: Annotated[dict[Name, SiteTable], Kept("sites")] = Field(default_factory=dict)
    unit: Annotated[list[UnitTable], Kept("units")] = Field(default_factory=list)
