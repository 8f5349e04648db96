"""Instants, and what recurs: one notion of time without a clock, and summer time in one place."""
