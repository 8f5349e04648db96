"""Exosome product storage and integrity monitor."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("exosome-monitor")
except PackageNotFoundError:  # running from a bare checkout
    __version__ = "0+unknown"
