"""Ports of 127.0.0.1 for servers of tests that run beside one another."""

from __future__ import annotations

import itertools
import os
import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below the ports that the system gives to outgoing connections: none of them takes one between asking and binding."""

_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_STRETCH = (LAST - FIRST) // _PROCESSES
_turns = itertools.count(random.SystemRandom().randrange(_STRETCH))


def free_port() -> int:
    """A loopback port on which nobody listens. Each process of a run has a stretch of its own, and offers a port once
    only, until it is through with all."""
    for turn in itertools.islice(_turns, _STRETCH):
        port = FIRST + _NUMBER * _STRETCH + turn % _STRETCH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port is free from {FIRST} to {LAST}")
