"""Simulated laboratories watched by the real program: the engine, and what it is used for."""
