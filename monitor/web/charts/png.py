"""A chart's specification as a PNG, drawn by a process of its own: ``python png.py SCALE < specification > picture``.

Drawing holds Python's lock for half a second, and for seconds the first time: no reading would be taken meanwhile, and
no time limit would be noticed. A process can also be ended, and takes nothing with it when it crashes. It imports
nothing of ours, so that it starts soon.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DRAWING_SECONDS = 15.0


def png_of(specification: str, *, scale: float, seconds: float = DRAWING_SECONDS) -> bytes:
    """The picture of a Vega-Lite specification (JSON); no other host is asked for anything.

    Raises RuntimeError with the reason if it can't be drawn, or not within ``seconds``.
    """
    command = [sys.executable, "-I", str(Path(__file__)), str(scale)]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=specification.encode(), capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"not drawn within {seconds:g} seconds") from error
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        raise RuntimeError(f"the chart could not be drawn (exit code {done.returncode}): {reason[0][:500]}")
    return done.stdout


def _draw() -> None:
    import vl_convert

    specification = sys.stdin.buffer.read().decode()
    drawn = vl_convert.vegalite_to_png(specification, scale=float(sys.argv[1]), allowed_base_urls=[])
    sys.stdout.buffer.write(drawn)


if __name__ == "__main__":
    _draw()
