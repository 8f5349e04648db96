"""A second opinion: a slow, obvious way to judge excursions, and the cases that it is held against.

Nothing in here imports the program.
"""
