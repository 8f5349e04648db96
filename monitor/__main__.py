"""``exosome-monitor`` and ``python -m monitor``."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from monitor.cli.program import program


def main() -> None:
    """The command line; ends the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ° must not end in a traceback
    program(prog_name="exosome-monitor")


if __name__ == "__main__":
    main()
