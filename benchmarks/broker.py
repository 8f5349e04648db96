"""A mosquitto of the bench's own: a free loopback port, a folder of its own, ended by process id."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.child import BenchError, Child, free_port, wait_until

START_SECONDS = 10.0
ROOT = "exosome/v1"

# What matters here is as in the shipped configuration: persistence on, a queue that holds a long outage, and
# an in-flight window wide enough that no round trip is waited for. The bench waits for subscriptions to be
# logged.
_CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
user {user}
persistence true
persistence_location {folder}/
max_queued_messages 10000000
max_inflight_messages 2000
connection_messages false
log_dest stderr
log_type error
log_type warning
log_type subscribe
"""


def program(name: str) -> str:
    """The path of an installed program; raises :class:`BenchError` naming the one that is missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        missing = f"{name} is not installed; the bench needs mosquitto and its clients"
        raise BenchError(missing)
    return found


def version() -> str:
    """What the installed mosquitto calls itself."""
    said = subprocess.run([program("mosquitto"), "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"mosquitto version (\S+)", said)
    return found.group(1) if found else "unknown"


class Broker:
    """A running broker; a context manager. :meth:`pause` and :meth:`resume` allow a fair start."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        configuration = folder / "mosquitto.conf"
        user = pwd.getpwuid(os.getuid()).pw_name
        configuration.write_text(_CONFIGURATION.format(port=self.port, folder=folder, user=user))
        self.child = Child("mosquitto", [program("mosquitto"), "-c", str(configuration)], folder=folder)

    def __enter__(self) -> Self:
        try:
            wait_until("listening broker", START_SECONDS, self._listens, child=self.child)
        except BaseException:
            self.child.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.child.stop()

    def subscriptions(self, client_id: str) -> int:
        """How many subscriptions a client has asked for so far."""
        line = re.compile(rf"^\d+: {re.escape(client_id)} [012] ", re.MULTILINE)
        return len(line.findall(self.child.log.read_text(errors="replace")))

    def pause(self) -> None:
        """Stops the broker where it is. Clients can still connect, and wait for its answer."""
        self.child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets a paused broker go on."""
        self.child.signal(signal.SIGCONT)

    def a_client_waits(self) -> bool:
        """Whether a connection holds bytes that the broker has not read: while it is paused, a CONNECT."""
        local = f":{self.port:04X}"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, address, _, state, queues, *_ = line.split()
            if address.endswith(local) and state == "01" and int(queues.split(":")[1], 16) > 0:
                return True
        return False

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
