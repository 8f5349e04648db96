"""Simulated freezers, fridges, tanks and their probes. They publish wire format v1 and know nothing else.

``physics`` is the heat, ``probe`` what a probe makes of it, ``happening`` what befalls them, ``fleet`` all
of it as messages, ``publish`` sends those to a broker at the pace of a ``clock``, and ``lab`` is the
laboratory of the demo.
"""
