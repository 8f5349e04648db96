"""The composition root: parts made from a configuration, run, woken by the clock, and asked by commands."""
