"""Scenarios: TOML files that tell of a laboratory, and the fleet that comes of one."""
