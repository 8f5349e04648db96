"""The starter configuration, which ships with the program."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def write_starter(target: Path) -> None:
    """Copies the starter configuration into ``target``, which is made if it doesn't exist.

    Raises FileExistsError if there is anything in it already: nothing is ever overwritten.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        text = f"{target} is not an empty directory; a starter configuration overwrites nothing"
        raise FileExistsError(text)
    _copy(starter_source(), target)


def starter_source() -> Traversable:
    """Where the starter configuration is: in the installed package, else beside ``monitor`` in a checkout."""
    try:
        packaged = files("monitor.starter")
        if packaged.joinpath("monitor.toml").is_file():
            return packaged
    except ModuleNotFoundError:
        pass
    checkout = Path(__file__).resolve().parents[2] / "config"
    if not (checkout / "monitor.toml").is_file():
        text = "the starter configuration is missing from this installation; install the program again"
        raise FileNotFoundError(text)
    return checkout


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir() and entry.name == "profiles":
            _copy(entry, target / entry.name)
        elif entry.name.endswith(".toml"):
            (target / entry.name).write_bytes(entry.read_bytes())
