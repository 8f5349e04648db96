"""Secrets, and the places where they may stand."""
