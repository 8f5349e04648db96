"""Servers for tests: real ones, found on the machine, started on loopback ports of their own, stopped by process id.

A test that needs a server which is missing is skipped by name; with ``REQUIRE_SERVERS=1`` (set in CI) it fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
import structlog


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
