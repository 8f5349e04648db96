"""What ``make bench`` runs: the monitor beside its peers, on one machine, in one run. See README.md here.

Linux only: children are timed by their process clocks, and a paused broker holds the line at the start.
"""
