"""A real mosquitto for tests: on a free loopback port, in a folder of its own, stopped by process id.

With the deployment's settings that matter (persistence, a queue that holds), a password file and a TLS listener with
certificates made on the spot when asked for. A test that needs it is skipped by name where mosquitto is missing.
"""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import need
from tests.rigs.loopback import free_port

PATIENCE = 20.0
"""Real seconds after which a wait has failed."""


def wait_until(true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Returns as soon as ``true()``; fails naming ``what`` if it isn't in time."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


class Mosquitto:
    """A broker that can be stopped and started again on its port; it keeps sessions and what waits for them."""

    def __init__(self, folder: Path, *, users: dict[str, str] | None = None, tls: bool = False) -> None:
        self._program = need("mosquitto")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._running: subprocess.Popen[bytes] | None = None
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",  # as root it would become somebody who can't write to the folder
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 1000000",
            "max_inflight_messages 10000",
            "log_dest stderr",
            "log_type all",
        ]
        if tls:
            make_certificates(folder)
            lines += [
                f"cafile {folder}/ca.pem",
                f"certfile {folder}/server.pem",
                f"keyfile {folder}/server.key",
            ]
            lines += ["require_certificate true"]
        lines += self._who(users)
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def _who(self, users: dict[str, str] | None) -> list[str]:
        if users is None:
            return ["allow_anonymous true"]
        passwords = self.folder / "passwd"
        passwords.touch(mode=0o600)
        for name, password in users.items():
            subprocess.run([need("mosquitto_passwd"), "-b", passwords, name, password], check=True)
        return ["allow_anonymous false", f"password_file {passwords}"]

    def start(self) -> None:
        """Returns when it listens."""
        with (self.folder / "log").open("ab") as log:
            command = [self._program, "-c", str(self.folder / "mosquitto.conf")]
            self._running = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._listens, "mosquitto to listen")

    def stop(self) -> None:
        """Ends it in good order: it writes down what it holds."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        if self._running is not None:
            self._running.wait(PATIENCE)
            self._running = None

    def pause(self) -> None:
        """Lets it stand still; clients can connect to its port all the same, and wait."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        self._signal(signal.SIGCONT)

    def log(self) -> str:
        """What it has logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    def subscriptions(self, client_id: str) -> int:
        """How many subscriptions a client has made so far."""
        return self.log().count(f"Sending SUBACK to {client_id}\n")

    def _signal(self, number: int) -> None:
        if self._running is not None:
            os.kill(self._running.pid, number)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def publish(port: int, messages: list[tuple[str, bytes]], *, retain: bool = False, qos: int = 1) -> None:
    """Publishes messages in order; returns once the broker has them all."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="publisher")
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        sent = [client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in messages]
        for one in sent:
            one.wait_for_publish(PATIENCE)
            assert one.is_published(), "the broker did not take a message"
        client.disconnect()
    finally:
        client.loop_stop()


def make_certificates(folder: Path) -> None:
    """A certificate authority, a server's certificate for 127.0.0.1 and a client's: ca, server, client .pem/.key."""
    _openssl(
        folder,
        "req",
        "-x509",
        *_KEY,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "2",
        "-subj",
        "/CN=Test CA",
    )
    for name, extension in (
        ("server", "subjectAltName=IP:127.0.0.1"),
        ("client", "extendedKeyUsage=clientAuth"),
    ):
        (folder / f"{name}.ext").write_text(extension)
        _openssl(
            folder, "req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        request = (
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
        )
        _openssl(folder, *request, "-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext")


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run([need("openssl"), *arguments], cwd=folder, check=True, capture_output=True)
