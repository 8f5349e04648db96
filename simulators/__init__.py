"""Simulated freezers, fridges, tanks, their probes and gateways. They publish wire format v1 and know nothing else.

``physics`` is the heat, ``sensing`` what a probe makes of it, ``network`` what a gateway makes of that. ``happening``
says what can befall them and ``effects`` what it does. A ``fleet`` is all of it described, its ``course`` what comes of
it as messages, and ``truth`` what really was. ``scenario`` reads fleets from files (``scenarios`` are those that ship),
``draw`` draws them by chance. ``publish`` sends messages to a broker at the pace of a ``clock``, ``stepped`` at once.
"""
