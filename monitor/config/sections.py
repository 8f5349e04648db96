"""From the sections of ``monitor.toml`` to the model, and what may be wrong with each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from monitor.config.file import files
from monitor.config.file.duration import format_duration
from monitor.config.file.problem import Review
from monitor.config.model import REFERENCES, Alerting, DeadManPing, Influx, Mail, Mqtt, Storage, Tls, Web
from monitor.config.secret.places import INFLUX_TOKEN, MAIL_PASSWORD, MQTT_PASSWORD, referred, secret_of
from monitor.core.alarm.limits import Limits
from monitor.core.sign.detection import Detection
from monitor.core.time.instant import DAY, MINUTE, SECOND
from monitor.core.time.recurring import Recurring

_FILE = "monitor.toml"
_DRILL = Recurring((time(10, 0),), 1)
_SENDER = re.compile(r"[^\s@]+@[^\s@]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def store_of(table: files.StoreTable, review: Review) -> Storage:
    """``[store]``"""
    if not table.url.startswith(("sqlite://", "postgresql://", "postgresql+psycopg://")):
        review.refuse(
            _FILE, "store.url", table.url, "a URL that begins with sqlite:///, or with postgresql://"
        )
    if table.backup_dir is not None and not table.url.startswith("sqlite://"):
        directory = str(table.backup_dir)
        review.refuse(_FILE, "store.backup_dir", directory, "nothing: pg_dump backs up a store in PostgreSQL")
    return Storage(**vars(table))


def mqtt_of(table: files.MqttTable, directory: Path, environ: Mapping[str, str], review: Review) -> Mqtt:
    """``[mqtt]``; paths are relative to the configuration's directory."""
    _check_mqtt(table, review)
    tls = None if table.tls is None else _tls_of(table.tls, directory, review)
    password_file = _path(table.password_file, directory)
    password = secret_of(MQTT_PASSWORD, password_file, "mqtt.password_file", environ, review)
    if password is not None and not table.username:
        review.refuse(_FILE, "mqtt.username", None, "the user name that the password is for")
    if password is not None and tls is None and table.host not in _LOOPBACK:
        review.warn(_FILE, f"mqtt.tls is off: the password travels to {table.host} in clear text")
    made: dict[str, Any] = {
        "port": table.port if table.port is not None else 1883 if tls is None else 8883,
        "username": table.username or None,
        "password": password,
        "password_file": password_file,
        "tls": tls,
    }
    return Mqtt(**vars(table) | made)


def _check_mqtt(table: files.MqttTable, review: Review) -> None:
    if not table.host:
        review.refuse(_FILE, "mqtt.host", table.host, "the name or address of the broker")
    if not table.client_id:
        # A broker keeps no session for a client without a name: what comes while we are away would be lost.
        review.refuse(_FILE, "mqtt.client_id", table.client_id, "a name, one per installation")
    if not all(table.root.split("/")) or any(letter in table.root for letter in "+#$\0"):
        review.refuse(
            _FILE, "mqtt.root", table.root, "topic levels such as exosome/v1, without + # $ or empty ones"
        )
    if table.keepalive > 65_535 * SECOND:
        review.refuse(_FILE, "mqtt.keepalive", format_duration(table.keepalive), "at most 65535s")
    if table.session_expiry > 0xFFFF_FFFE * SECOND:
        review.refuse(
            _FILE, "mqtt.session_expiry", format_duration(table.session_expiry), "at most 4294967294s"
        )


def _tls_of(table: files.TlsTable, directory: Path, review: Review) -> Tls:
    tls = Tls(*(_path(path, directory) for path in (table.ca_file, table.cert_file, table.key_file)))
    for key, path in (("ca_file", tls.ca_file), ("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        if path is not None and not path.is_file():
            review.refuse(_FILE, f"mqtt.tls.{key}", str(path), "a file that exists")
    if (tls.cert_file is None) != (tls.key_file is None):
        missing = "cert_file" if tls.cert_file is None else "key_file"
        review.refuse(_FILE, f"mqtt.tls.{missing}", None, "cert_file and key_file together")
    return tls


def influx_of(
    table: files.InfluxTable, directory: Path, environ: Mapping[str, str], review: Review
) -> Influx:
    """``[influx]``"""
    token_file = _path(table.token_file, directory)
    token = secret_of(INFLUX_TOKEN, token_file, "influx.token_file", environ, review)
    is_server = table.url.startswith(("http://", "https://"))
    if table.url and not is_server and not (table.url.startswith("file:") and table.url != "file:"):
        review.refuse(_FILE, "influx.url", table.url, "nothing (off), file:PATH, http://… or https://…")
    if is_server:
        for key, value in (("org", table.org), ("bucket", table.bucket)):
            if not value:
                review.refuse(_FILE, f"influx.{key}", value, f"the name of the {key} in InfluxDB")
        if token is None:
            review.warn(_FILE, f"influx has no token: set {INFLUX_TOKEN}, or influx.token_file")
    return Influx(table.url, table.org, table.bucket, token, token_file)


def web_of(table: files.WebTable, review: Review) -> Web:
    """``[web]``"""
    if table.external_url and not table.external_url.startswith(("http://", "https://")):
        review.refuse(_FILE, "web.external_url", table.external_url, "nothing, http://… or https://…")
    if table.host not in _LOOPBACK:
        review.warn(_FILE, f"web.host is {table.host}: the pages can be reached from other machines")
        if table.page_actions:
            review.warn(
                _FILE, "web.page_actions is on: who reaches the pages can acknowledge and shelve alarms"
            )
    return Web(**vars(table))


def mail_of(table: files.MailTable, directory: Path, environ: Mapping[str, str], review: Review) -> Mail:
    """``[mail]``"""
    starttls = table.starttls
    if starttls is None:
        starttls = not table.tls and table.host not in _LOOPBACK
    if starttls and table.tls:
        review.refuse(
            _FILE, "mail.starttls", True, "false, or tls = false: a connection is encrypted one way"
        )
    if table.host and _SENDER.fullmatch(parseaddr(table.sender)[1]) is None:
        review.refuse(_FILE, "mail.from", table.sender, "the address that mails come from, or Name <address>")
    password_file = _path(table.password_file, directory)
    password = secret_of(MAIL_PASSWORD, password_file, "mail.password_file", environ, review)
    if password is not None and not table.username:
        review.refuse(_FILE, "mail.username", None, "the user name that the password is for")
    if password is not None and not (starttls or table.tls) and table.host not in _LOOPBACK:
        review.warn(_FILE, f"mail is not encrypted: the password travels to {table.host} in clear text")
    if table.host and table.username and password is None:
        where = f"set {MAIL_PASSWORD}, or mail.password_file"
        review.warn(
            _FILE, f"mail.username is set and there is no password: {where}; also for commands beside"
        )
    if table.host and table.port == 465 and not table.tls:
        review.warn(
            _FILE, "mail.port is 465, where a server expects encryption from the first byte: tls = true"
        )
    usual = 465 if table.tls else 587 if starttls else 25
    made: dict[str, Any] = {
        "port": usual if table.port is None else table.port,
        "username": table.username or None,
        "password": password,
        "password_file": password_file,
        "starttls": starttls,
    }
    return Mail(**vars(table) | made)


def alerting_of(
    table: files.AlertingTable,
    directory: Path,
    environ: Mapping[str, str],
    review: Review,
    *,
    has_rota: bool,
) -> Alerting:
    """``[alerting]``; where nothing is said of drills, they are held if there is a rota."""
    if table.retry_first > table.retry_max:
        review.refuse(
            _FILE,
            "alerting.retry_first",
            format_duration(table.retry_first),
            "no more than alerting.retry_max",
        )
    if table.battery_low > 90:
        review.refuse(_FILE, "alerting.battery_low", table.battery_low, "percent, at most 90")
    if table.clock_skew_after < MINUTE:
        review.refuse(
            _FILE, "alerting.clock_skew_after", format_duration(table.clock_skew_after), "at least 1m"
        )
    if not table.console:
        review.warn(_FILE, "alerting.console is false: alarms don't show on the console")
    return Alerting(
        console=table.console,
        digest_at=table.digest_at,
        qa_summary=table.qa_summary,
        drill=table.drill if table.drill is not None else _DRILL if has_rota else Recurring(),
        dead_man=_dead_man_of(table, directory, environ, review),
        retry_first=table.retry_first,
        retry_max=table.retry_max,
        shelve_max=table.shelve_max,
        rearm_after=table.rearm_after,
        limits=Limits(
            battery_low=table.battery_low,
            clock_skew_after=table.clock_skew_after,
            calibration_ahead=table.calibration_ahead,
            broker_lost_after=table.broker_lost_after,
        ),
    )


def _dead_man_of(
    table: files.AlertingTable, directory: Path, environ: Mapping[str, str], review: Review
) -> DeadManPing | None:
    source, key = table.dead_man_url, "alerting.dead_man_url"
    if table.dead_man_every < MINUTE:
        review.refuse(_FILE, "alerting.dead_man_every", format_duration(table.dead_man_every), "at least 1m")
    if not source:
        return None
    if not source.startswith(REFERENCES):
        review.warn(_FILE, f"{key}: such a URL is as good as a token; write env:NAME or file:PATH")
    url = referred(source, _FILE, key, directory, environ, review)
    if url is None:
        return None
    if not url.reveal().startswith(("http://", "https://")):
        instead = f"something else at {source}" if source.startswith(REFERENCES) else "something else"
        review.refuse_text(_FILE, key, instead, "nothing (off), http://…, https://…, env:NAME or file:PATH")
        return None
    return DeadManPing(source, url, table.dead_man_every)


def detection_of(table: files.DetectionTable, review: Review) -> Detection:
    """``[detection]``"""
    if table.door_open_after > DAY:
        review.refuse(
            _FILE, "detection.door_open_after", format_duration(table.door_open_after), "at most 24h"
        )
    return Detection(**vars(table))


def _path(path: Path | None, directory: Path) -> Path | None:
    return None if path is None else directory.absolute() / path
