"""Channels as the writer judges them."""
