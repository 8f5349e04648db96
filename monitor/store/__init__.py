"""The store: an append-only log of what arrived, and the facts derived from it, in SQL.

The log (``reading``, ``event``, ``rejected``) is the truth. Series blocks, latest readings, current facts and cursors
are projections of it and of the versions of facts; they can be dropped and rebuilt.
"""
