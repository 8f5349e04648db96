"""A second opinion: a slow, obvious way to judge excursions, and the cases that it is held against.

Tests import it as ``reference.excursions``, ``reference.golden`` and ``reference.histories`` (pytest puts
``tests`` on the path). Nothing in here imports the program.
"""
