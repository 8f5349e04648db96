"""The demonstration: everything in one process, with whatever is installed, and with nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(tmp_path: Path, *arguments: str, hide: str = "", **environment: str) -> subprocess.Popen[str]:
    """Starts the demo as a process; ``hide``: programs that it must not find."""
    code = "import sys, laboratory.embedded as embedded\n"
    if hide:
        code += "find = embedded.find_program\n"
        code += (
            f"embedded.find_program = lambda program: None if program in {hide.split()} else find(program)\n"
        )
    code += "from monitor.cli.program import program\nprogram(prog_name='exosome-monitor')\n"
    command = [sys.executable, "-c", code, "demo", "--no-browser", *arguments]
    env = {
        k: v for k, v in os.environ.items() if not k.startswith(("EXOSOME_MONITOR", "INFLUXDB"))
    } | environment
    return subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize("hide", ["", "mosquitto influxd"], ids=["what is installed", "nothing installed"])
def test_the_demo_does_the_whole_job_and_ends_by_itself(tmp_path: Path, hide: str) -> None:
    if not hide and shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        hide = "influxd"
    demo = run(tmp_path, "--for", "12s", "--speed", "300", hide=hide)
    said, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, said
    assert "Stopped cleanly." in said
    assert "F02 too warm" in said
    assert "EXO-003" in said
    assert "confirmed" in said
    assert "Traceback" not in said
    if hide.startswith("mosquitto"):
        assert "amqtt" in said
        assert "readings.lp" in said


def test_ctrl_c_ends_the_demo_cleanly(tmp_path: Path) -> None:
    demo = run(tmp_path, hide="influxd")
    assert demo.stdout is not None
    assert any("Ctrl-C" in line for line in demo.stdout), "it ended before it had said how to end it"
    time.sleep(3)  # so that something happens
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, said
    assert "Stopped cleanly." in said
    assert "Traceback" not in said
