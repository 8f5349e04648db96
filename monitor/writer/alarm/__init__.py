"""Alarms as facts, what people do about them, and the messages that are owed."""
