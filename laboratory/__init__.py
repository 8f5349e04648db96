"""Simulated laboratories watched by the real program, the demo, scenario checks and scores: judges from outside."""
