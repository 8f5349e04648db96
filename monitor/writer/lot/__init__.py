"""Lots as facts: judged from their events and the channels that they lay beside."""
