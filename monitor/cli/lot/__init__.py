"""Commands about lots."""
