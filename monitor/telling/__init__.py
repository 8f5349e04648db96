"""Telling people: the media, the delivery of what is owed, and what is added to a message as it is sent.

What is true and who is owed what are decided in :mod:`monitor.core`, and what a message says in :mod:`monitor.words`;
here a message that is owed becomes one that was delivered.
"""
