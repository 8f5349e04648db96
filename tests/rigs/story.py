"""A short scenario with all that a simulation is tried on: it goes as it expects."""

from __future__ import annotations

STORY = """
title = "A nearly empty freezer fails and is repaired; a gateway is away for a while"
start = 2026-11-18T06:00:00Z
history = "6h"
length = "4h"

[[unit]]
name = "F01"
kind = "ult-upright"
filled = 0.0
doors = 6
probe = [{ name = "product" }, { name = "air", like = "bare" }]
model = { warm_up_for = "3h" }

[[unit]]
name = "R01"
kind = "fridge-2-8"

[[lot]]
lot = "E-1"
unit = "F01"

[[lot]]
lot = "E-2"
unit = "R01"

[[happening]]
at = "30m"
for = "90m"
unit = "F01"
kind = "compressor_failed"

[[happening]]
at = "1h"
for = "20m"
gateway = "R01"
kind = "gateway_lost"

[[expect]]
alarm = "temperature_high"
probe = "F01/product"
told = ["90m", "2h"]

[[expect]]
excursion = "high"
probe = "F01/product"
confirmed = true
truth_within = "2m"
"""
PAGE = '[[expect]]\nalarm = "no_data"\nprobe = "R01/product"\n'
"""What the story tells of the gateway; without it that page is one too many."""
MISSED = '[[expect]]\nalarm = "temperature_low"\nprobe = "R01/product"\n'
