"""Telling people: what a message says, the media that carry it, its delivery, and jobs that a clock wakes.

What is true and who is owed what are decided in :mod:`monitor.core`; here a message that is owed becomes one
that was delivered. What they say comes from :mod:`monitor.words`.
"""
