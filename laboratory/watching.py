"""The configuration of a monitor that watches a scenario's fleet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.config import Configuration, load
from monitor.config.file.toml import dump, parse
from monitor.config.starter import write_starter
from simulators.scenario.description import PROFILE_OF
from simulators.scenario.tables import Document, ScenarioUnit


def configured(home: Path, document: Document, environment: Mapping[str, str], *, port: int) -> Configuration:
    """A configuration that watches a scenario: the starter's profiles with the scenario's changes, its units and
    probes, a store in ``home``, pages at ``port``. Where the broker and InfluxDB are is in ``environment``, as
    :mod:`laboratory.embedded` words it.

    It is written to ``home/config``; one that is there already is used as it stands.
    """
    folder = home / "config"
    if not folder.exists():
        _write(folder, home, document, port)
    return load(folder, environment)


def _write(folder: Path, home: Path, document: Document, port: int) -> None:
    write_starter(folder)
    settings: dict[str, Any] = {
        "store": {"url": f"sqlite:///{home / 'monitor.db'}"},
        "influx": {"url": ""},
        "web": {"port": port},
        "site": {document.site: {"timezone": document.timezone}},
        "unit": [_unit_table(document.site, table) for table in document.unit],
    }
    (folder / "monitor.toml").write_text(dump(_merged(settings, document.monitor)), "utf-8")
    for changes in document.profile:
        path = folder / "profiles" / f"{changes['name']}.toml"
        profile = parse(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(dump(_merged(profile, changes), sections=False), "utf-8")


def _unit_table(site: str, table: ScenarioUnit) -> dict[str, Any]:
    profile = table.profile or PROFILE_OF[table.kind]
    probes = [
        # A bare probe in the air shows the door; its unit is judged by the product's.
        {"name": probe.name, **({"alarms": False} if probe.like == "bare" else {}), **probe.monitor}
        for probe in table.probe
    ]
    return {
        "site": site,
        "name": table.name,
        "title": table.title or table.name,
        "profile": profile,
        "product_probe": table.probe[0].name,
        **table.monitor,
        "probe": probes,
    }


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``changes``, table by table; a list is replaced as a whole."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = (
            _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        )
    return merged
