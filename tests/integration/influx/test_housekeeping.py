"""The daily comparison with a real InfluxDB: what was lost there is sent again, and the result is shown."""

from __future__ import annotations

from pathlib import Path

from monitor.core.channel.reading import Reading
from monitor.core.time.instant import DAY, HOUR, MINUTE, format_instant, parse_instant
from monitor.influx.exporter import Exporter
from monitor.influx.sink import open_sink
from monitor.store.projection import Projection
from tests.rigs.server.influxd import InfluxServer, influx
from tests.unit.program.test_jobs import JobRig

__all__ = ["influx"]  # the fixture

T0 = parse_instant("2026-03-27T12:00:00Z")


def test_what_influxdb_lost_is_sent_again_at_night_and_the_result_is_shown(
    influx: InfluxServer, tmp_path: Path
) -> None:
    toml = f'[influx]\nurl = "{influx.url}"\norg = "{influx.org}"\nbucket = "{influx.bucket}"'
    rig = JobRig(tmp_path, toml, environ={"INFLUXDB_TOKEN": influx.token})
    rig.clock.at = T0 + 6 * HOUR
    rig.rig.read([Reading(T0 + n * MINUTE, T0 + n * MINUTE, -75.0 + n % 7 / 10) for n in range(360)])
    projection = Projection(rig.rig.store.database, lambda: rig.rig.rules)
    sink = open_sink(influx)
    assert sink is not None
    exporter = Exporter(projection, sink)
    while exporter.run_once():
        pass
    lost = {"start": format_instant(T0 + HOUR), "stop": format_instant(T0 + 3 * HOUR - 1)}
    parameters = {"org": influx.org, "bucket": influx.bucket}
    influx.api("POST", "/delete", params=parameters, json=lost)
    rig.at("2026-03-28T03:00:00Z", "housekeeping")
    chore = rig.jobs.status()["housekeeping"]["chores"]["influx reconcile"]
    assert chore["ok"]
    assert chore["text"].startswith("6 hours compared, 2 differed, 120 readings sent again (2026-03-28")
    rig.clock.at += DAY
    rig.run("tick", "housekeeping")
    chore = rig.jobs.status()["housekeeping"]["chores"]["influx reconcile"]
    assert "0 differed, 0 readings sent again" in chore["text"]
    sink.close()
