"""The configuration in force, every default filled in, in the keys of the files; secrets as ``<secret>``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any

from monitor.config.file.duration import format_duration
from monitor.config.file.toml import dump
from monitor.config.model import Alerting, Configuration, Influx, Mail, Mqtt, Person, Probe, Store, Unit
from monitor.config.secret.secret import SHOWN
from monitor.core.profile.profile import Alternative, Band, Profile, SideRule, ThawRule, Window
from monitor.core.telling.rota import Rota
from monitor.core.time.instant import format_instant, from_datetime, to_datetime

Document = dict[str, Any]


def effective_json(configuration: Configuration) -> Document:
    """All of it as one JSON object: the keys of monitor.toml, ``profile`` (a list), and those of people.toml.

    What has no value is null. Durations are texts as in the files, instants RFC 3339, secrets ``<secret>``.
    """
    document = _monitor(configuration)
    document["profile"] = [profile_document(profile) for profile in configuration.profiles]
    found: Document = _json(document | _people(configuration))
    return found


def effective_toml(configuration: Configuration) -> str:
    """The same as one TOML text. A secret is a comment: it can't be a value, for no file may hold one."""
    document = _monitor(configuration)
    document["profile"] = [profile_document(profile) for profile in configuration.profiles]
    return _secret_comments(configuration) + dump(document | _people(configuration))


def effective_files(configuration: Configuration) -> dict[str, str]:
    """The same as files of a configuration directory, by relative name; loading them gives an equal one."""
    found = {"monitor.toml": _secret_comments(configuration) + dump(_monitor(configuration))}
    latest = {profile.name: profile.version for profile in configuration.profiles}
    for profile in configuration.profiles:
        name = profile.name if latest[profile.name] == profile.version else profile.label
        found[f"profiles/{name}.toml"] = dump(profile_document(profile), sections=False)
    if people := _people(configuration):
        found["people.toml"] = dump(people)
    return found


def _secret_comments(configuration: Configuration) -> str:
    secrets = (
        ("mqtt.password", configuration.mqtt.password),
        ("influx.token", configuration.influx.token),
        ("mail.password", configuration.mail.password),
    )
    return "".join(f'# {key} = "{SHOWN}"\n' for key, secret in secrets if secret is not None)


def _json(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _json(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_json(inner) for inner in value]
        case datetime():
            return format_instant(from_datetime(value))
        case time():
            return _clock(value)
        case date():
            return value.isoformat()
        case _:
            return value


def _duration(length: int | None) -> str | None:
    return None if length is None else format_duration(length)


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


# --- monitor.toml ---


def _monitor(configuration: Configuration) -> Document:
    web = configuration.web
    return {
        "store": _store(configuration.store),
        "mqtt": _mqtt(configuration.mqtt),
        "influx": _influx(configuration.influx),
        "web": {
            "host": web.host,
            "port": web.port,
            "external_url": web.external_url,
            "page_actions": web.page_actions,
        },
        "mail": _mail(configuration.mail),
        "alerting": _alerting(configuration.alerting),
        "detection": asdict(configuration.detection)
        | {"door_open_after": _duration(configuration.detection.door_open_after)},
        "site": {site.name: {"timezone": site.timezone} for site in configuration.sites.values()},
        "unit": [_unit(unit) for unit in configuration.units],
    }


def _store(store: Store) -> Document:
    return {
        "url": store.shown_url,
        "housekeeping_at": _clock(store.housekeeping_at),
        "backup_dir": _text(store.backup_dir),
        "backup_keep": store.backup_keep,
        "keep_rejected": _duration(store.keep_rejected),
        "keep_messages": _duration(store.keep_messages),
    }


def _mqtt(mqtt: Mqtt) -> Document:
    tls: Any = mqtt.tls is not None
    if mqtt.tls is not None and any(asdict(mqtt.tls).values()):
        tls = {key: None if path is None else str(path) for key, path in asdict(mqtt.tls).items()}
    return {
        "host": mqtt.host,
        "port": mqtt.port,
        "root": mqtt.root,
        "username": mqtt.username,
        "password_file": _text(mqtt.password_file),
        "tls": tls,
        "client_id": mqtt.client_id,
        "keepalive": _duration(mqtt.keepalive),
        "receive_maximum": mqtt.receive_maximum,
        "session_expiry": _duration(mqtt.session_expiry),
        "protocol": mqtt.protocol,
    }


def _influx(influx: Influx) -> Document:
    return {
        "url": influx.shown_url,
        "org": influx.org,
        "bucket": influx.bucket,
        "token_file": _text(influx.token_file),
    }


def _mail(mail: Mail) -> Document:
    return {
        "host": mail.host,
        "port": mail.port,
        "from": mail.sender,
        "username": mail.username,
        "password_file": _text(mail.password_file),
        "starttls": mail.starttls,
        "tls": mail.tls,
    }


def _text(path: object) -> str | None:
    return None if path is None else str(path)


def _alerting(alerting: Alerting) -> Document:
    dead_man = alerting.dead_man
    return {
        "console": alerting.console,
        "digest_at": [_clock(at) for at in alerting.digest_at.times],
        "qa_summary": str(alerting.qa_summary),
        "drill": str(alerting.drill),
        "dead_man_url": dead_man and dead_man.shown,
        "dead_man_every": dead_man and _duration(dead_man.every),
        "retry_first": _duration(alerting.retry_first),
        "retry_max": _duration(alerting.retry_max),
        "shelve_max": _duration(alerting.shelve_max),
        "rearm_after": _duration(alerting.rearm_after),
        "battery_low": alerting.limits.battery_low,
        "clock_skew_after": _duration(alerting.limits.clock_skew_after),
        "calibration_ahead": _duration(alerting.limits.calibration_ahead),
        "broker_lost_after": _duration(alerting.limits.broker_lost_after),
    }


def _unit(unit: Unit) -> Document:
    return {
        "site": unit.site,
        "name": unit.name,
        "title": unit.title,
        "profile": unit.profile,
        "class": unit.storage_class,
        "product_probe": unit.product_probe,
        "probe": [_probe(probe) for probe in unit.probes],
    }


def _probe(probe: Probe) -> Document:
    settings = probe.settings
    return {
        "name": probe.name,
        "max_gap": _duration(settings.max_gap),
        "silent_after": _duration(probe.silent_after),
        "calibration_due": probe.calibration_due,
        "offset": settings.offset,
        "uncertainty": settings.uncertainty,
        "sensor": settings.sensor,
        "plausible": {"low": settings.plausible_low, "high": settings.plausible_high},
        "max_rate": settings.max_rate,
        "profile": probe.profile,
        "alarms": probe.alarms,
    }


# --- profiles ---


def profile_document(profile: Profile) -> Document:
    """A profile in the keys of its file; :func:`monitor.config.file.toml.dump` writes it, without sections."""
    high, low, out, unknown, mkt = (
        profile.high,
        profile.low,
        profile.out_of_storage,
        profile.unknown,
        profile.mkt,
    )
    warning = profile.warning
    return {
        "name": profile.name,
        "version": profile.version,
        "effective_from": to_datetime(profile.effective_from),
        "title": profile.title,
        "window": _window(profile.window),
        "deadband": profile.deadband,
        "delay": {"high": _duration(high.delay), "low": _duration(low.delay)},
        "clear_delay": {"high": _duration(high.clear_delay), "low": _duration(low.clear_delay)},
        "instant": {"high": high.instant, "low": low.instant},
        "cumulative_delay": _cumulative(high, low),
        "warning": warning and {"high": warning.high, "low": warning.low, "delay": _duration(warning.delay)},
        "ambient": profile.ambient,
        "out_of_storage": out and {"free": _duration(out.free), "limit": _duration(out.limit)},
        "band": [_band(band) for band in profile.bands],
        "unknown": unknown
        and {
            "rule": unknown.rule,
            "band": unknown.band,
            "after": _duration(unknown.after),
            "limit": _duration(unknown.limit),
        },
        "thaw": _thaw(profile.thaw),
        "expiry": {"in_use": _duration(profile.in_use), "look_ahead": _duration(profile.look_ahead)},
        "coverage": {"minimum": profile.coverage_minimum},
        "alternative": [_alternative(one) for one in profile.alternatives],
        "mkt": mkt
        and {"window": _duration(mkt.window), "limit": mkt.limit, "delta_h_over_r": mkt.delta_h_over_r},
    }


def _cumulative(high: SideRule, low: SideRule) -> Document:
    return {"high": _duration(high.cumulative_delay), "low": _duration(low.cumulative_delay)}


def _window(window: Window) -> Document:
    return {"low": window.low, "high": window.high}


def _band(band: Band) -> Document:
    return {"name": band.name, "above": band.above, "up_to": band.up_to, "limit": _duration(band.limit)}


def _thaw(thaw: ThawRule | None) -> Document | None:
    if thaw is None:
        return None
    return {
        "above": thaw.above,
        "after": _duration(thaw.after),
        "refrozen_below": thaw.refrozen_below,
        "hidden_by_gap": _duration(thaw.hidden_by_gap),
        "limit": thaw.limit,
    }


def _alternative(one: Alternative) -> Document:
    return {
        "class": one.storage_class,
        "window": _window(one.window),
        "shelf_life": _duration(one.shelf_life),
        "band": [_band(band) for band in one.bands],
        "thaw": _thaw(one.thaw),
    }


# --- people.toml ---


def _people(configuration: Configuration) -> Document:
    found: dict[str, Sequence[Document]] = {
        "person": [_person(person) for person in configuration.people],
        "rota": [_rota(rota) for rota in configuration.rotas],
        "ladder": [
            {
                "name": ladder.name,
                "step": [{"tell": list(step.tell), "wait": _duration(step.wait)} for step in ladder.steps],
                "repeat": _duration(ladder.repeat),
            }
            for ladder in configuration.ladders
        ],
        "route": [asdict(route) for route in configuration.routes],
    }
    return {key: items for key, items in found.items() if items}


def _person(person: Person) -> Document:
    quiet = person.quiet_hours
    return {
        "name": person.name,
        "title": person.title,
        "addresses": [address.shown for address in person.addresses],
        "webhook_key": person.webhook_key_source,
        "timezone": person.timezone,
        "quiet_hours": quiet and {"from": _clock(quiet.start), "until": _clock(quiet.until)},
        "qa": person.qa,
    }


def _rota(rota: Rota) -> Document:
    return {
        "name": rota.name,
        "timezone": rota.timezone,
        "people": list(rota.people),
        "first_week": rota.first_week,
        "handover_at": _clock(rota.handover_at),
        "override": [
            {"person": one.person, "from": to_datetime(one.start_at), "until": to_datetime(one.until_at)}
            for one in rota.overrides
        ],
    }
