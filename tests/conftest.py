"""Servers for tests: real ones, found on the machine, started on loopback ports of their own, stopped by process id.

A test that needs a server which is missing is skipped by name; with ``REQUIRE_SERVERS=1`` (set in CI) it fails.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

IN_MEMORY = Path("/dev/shm")
"""Where the files of tests go if it is there: thousands of stores commit there without waiting for a disk."""


def pytest_configure(config: pytest.Config) -> None:
    """Draws the seed from which tests draw theirs: one for all processes of a run, or they would collect differently.
    ``TEST_SEED=N`` runs it again."""
    random.seed(int(os.environ.setdefault("TEST_SEED", str(random.randrange(10**9)))))
    if "TMPDIR" not in os.environ and has_room(IN_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def has_room(folder: Path) -> bool:
    """Whether the files of a run go into it, and some runs before it. In a container it may be tiny."""
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 4 * 1024**3


def pytest_report_header() -> str:
    """The seed of this run."""
    return f"TEST_SEED={os.environ['TEST_SEED']}"


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that is tried in this process says where its logs go; the next test's go where they went before."""
    yield
    structlog.reset_defaults()


def need(program: str) -> str:
    """The path of a server program; skips the test by name, or fails it under REQUIRE_SERVERS=1."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        message = f"needs {program}, which is not installed"
        if os.environ.get("REQUIRE_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found
