"""What ``make bench`` runs: the monitor beside its peers, on one machine, in one run; see README.md in it.

Linux only: children are timed by their process clocks, and a paused broker holds the line at the start.
"""
