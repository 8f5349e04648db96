"""Configuration: files and environment in, one frozen and checked :class:`Configuration` out."""

from monitor.config.file.problem import ConfigurationError
from monitor.config.load import load
from monitor.config.model import Configuration
from monitor.config.secret.secret import Secret

__all__ = ["Configuration", "ConfigurationError", "Secret", "load"]
