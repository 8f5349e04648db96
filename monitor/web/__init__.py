"""The HTTP API and the pages. Everything shown comes from :class:`monitor.ports.View`; everything changed
goes through :class:`monitor.ports.Commands`."""
