"""The peer in plain Python: what a lab would write in an afternoon, and many do.

paho's own network loop, ``json.loads``, and one point per reading: written to InfluxDB with a synchronous
write each, or, where there is none, as line protocol to a file that is flushed after each point. Nothing is
judged, nothing is checked, and a point is handled when it has been written. Counts ``--count`` messages,
prints the monotonic instant of the last, and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from paho.mqtt.enums import CallbackAPIVersion

TOKEN_VARIABLE = "INFLUXDB_TOKEN"


def to_influx(url: str, org: str, bucket: str) -> Callable[[Any], None]:
    """Writes each point with a request of its own; the token comes from the environment."""
    client = InfluxDBClient(url=url, token=os.environ[TOKEN_VARIABLE], org=org)
    write_api = client.write_api(write_options=SYNCHRONOUS)
    return lambda point: write_api.write(bucket=bucket, record=point)


def to_file(path: str) -> Callable[[Any], None]:
    """Appends each point to a file and flushes it to the system (not to the disk)."""
    file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - open for as long as the script runs

    def write(point: Any) -> None:
        file.write(point.to_line_protocol() + "\n")
        file.flush()

    return write


def main(argv: Sequence[str] | None = None) -> None:
    """Subscribes, writes ``--count`` readings, says when, ends."""
    parser = argparse.ArgumentParser(prog="benchmarks.peer.plain_script", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--file", default="points.txt")
    parser.add_argument("--influx-url")
    parser.add_argument("--influx-org", default="")
    parser.add_argument("--influx-bucket", default="")
    args = parser.parse_args(argv)
    if args.influx_url:
        write = to_influx(args.influx_url, args.influx_org, args.influx_bucket)
    else:
        write = to_file(args.file)
    handled = 0

    def on_connect(client: mqtt.Client, *_: Any) -> None:
        client.subscribe(args.topic, qos=1)

    def on_message(client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        nonlocal handled
        site, unit, probe = message.topic.split("/")[-4:-1]
        reading = json.loads(message.payload)
        point: Any = Point("storage_temperature")  # type: ignore[no-untyped-call]
        point.tag("site", site).tag("unit", unit).tag("probe", probe)
        write(point.field("celsius", reading["celsius"]).time(reading["measured_at"]))
        handled += 1
        if handled == args.count:
            print(json.dumps({"last_at": time.monotonic()}), flush=True)
            client.disconnect()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=args.client_id, clean_session=False)
    client.on_connect = on_connect
    client.on_message = on_message
    client.connect("127.0.0.1", args.port)
    client.loop_forever()


if __name__ == "__main__":
    main()
