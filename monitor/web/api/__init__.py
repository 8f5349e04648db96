"""The HTTP API: what is asked, changed and taken in over it."""
