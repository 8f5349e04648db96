"""Child processes of the bench: started, timed by their own CPU clock, and ended by process id."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, Self

SOURCE_ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 20.0
_OVERRIDES = "EXOSOME_MONITOR__"  # they could lead a bench to a real store


class BenchError(RuntimeError):
    """The bench cannot go on; the text says which child did what, with the end of its log."""


class Ended(NamedTuple):
    """How a child ended: exit code (negative: signal), instant (monotonic s) and CPU in all (s)."""

    code: int
    at: float
    cpu_seconds: float


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(what: str, seconds: float, condition: Callable[[], bool], *, child: Child) -> None:
    """Asks every 5 ms until ``condition()``; raises :class:`BenchError` after ``seconds`` or a death."""
    deadline = time.monotonic() + seconds
    while not condition():
        if child.ended_within(0.005) is not None:
            child.complain(f"ended before {what}")
        if time.monotonic() > deadline:
            child.complain(f"no {what} within {seconds:g} s")


class Child:
    """One running program. Its stderr goes to ``<folder>/<name>.log``; its stdout is read line by line if it
    ``talks``, else dropped. Settings of a monitor in the environment are kept from it.

    A context manager: on leaving it is ended (SIGTERM, after 20 s SIGKILL) and reaped.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        env: dict[str, str] | None = None,
        talks: bool = False,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._end: Ended | None = None
        self._heard = b""
        paths = [str(SOURCE_ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_OVERRIDES)}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | (env or {})
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else subprocess.DEVNULL,
                stderr=log,
                env=environment,
                bufsize=0,
            )
        self.pid = self._popen.pid
        self._pidfd = os.pidfd_open(self.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def cpu_seconds(self) -> float:
        """CPU used so far by all its threads (user and system, to the nanosecond)."""
        if self._end is not None:
            return self._end.cpu_seconds
        # Linux gives each process a clock whose id is made of the pid (clock_getcpuclockid(3)).
        return time.clock_gettime((~self.pid << 3) | 2)

    def peak_mib(self) -> float | None:
        """The most memory that it has held so far; None once it has ended."""
        if self.ended_within(0) is not None:
            return None
        status = Path(f"/proc/{self.pid}/status").read_text()
        # Not the rusage of wait4: that begins with what this process held when it started the child.
        return next(
            (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), None
        )

    def ended_within(self, seconds: float) -> Ended | None:
        """How it ended, waiting up to ``seconds`` for that; None while it runs."""
        if self._end is None and select.select([self._pidfd], [], [], seconds)[0]:
            at = time.monotonic()
            _, status, usage = os.wait4(self.pid, 0)
            self._popen.returncode = os.waitstatus_to_exitcode(status)
            cpu = usage.ru_utime + usage.ru_stime
            self._end = Ended(self._popen.returncode, at, cpu)
            self._close()
        return self._end

    def finish(self, seconds: float) -> Ended:
        """Waits for a clean end; raises :class:`BenchError` if it fails or takes longer."""
        end = self.ended_within(seconds)
        if end is None:
            self.complain(f"did not end within {seconds:g} s")
        if end.code != 0:
            self.complain(f"ended with exit code {end.code}")
        return end

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, unless it has ended."""
        if self.ended_within(0) is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def stop(self) -> Ended:
        """Ends it if it runs: politely first, after 20 s for good."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        end = self.ended_within(STOP_SECONDS)
        while end is None:
            self.signal(signal.SIGKILL)
            end = self.ended_within(STOP_SECONDS)
        return end

    def hear(self, seconds: float) -> str:
        """The next line that it prints; raises :class:`BenchError` if none comes within ``seconds``."""
        assert self._popen.stdout is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._heard:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._popen.stdout], [], [], left)[0]:
                self.complain(f"said nothing for {seconds:g} s")
            more = os.read(self._popen.stdout.fileno(), 65_536)
            if not more:
                self.complain("ended without a word")
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def tell(self, line: str) -> None:
        """Writes a line to its stdin."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(line.encode() + b"\n")

    def complain(self, text: str) -> NoReturn:
        """Raises :class:`BenchError` about this child, with the last lines of its log."""
        tail = self.log.read_text(errors="replace").splitlines()[-12:]
        lines = [f"{self.name} (process {self.pid}) {text}", *tail]
        raise BenchError("\n    ".join(lines))

    def _close(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self._pidfd)
