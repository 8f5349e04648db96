"""All judging: pure functions over plain values; no I/O, no clock, no logging, no randomness.

All instants are whole milliseconds since 1970-01-01T00:00:00Z, all temperatures degrees Celsius. What this package
does *not* do: order or de-duplicate readings (``writer`` does), remember anything between calls except in the states
that it returns, or decide who is told.
"""
