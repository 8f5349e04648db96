"""The HTTP API and the pages: shown is what a View answers, changed what Commands carry out.

Everything shown comes from :class:`monitor.ports.View`; everything changed goes through
:class:`monitor.ports.Commands`.
"""
