"""Alembic migrations of the store; :func:`monitor.store.engine.migrate` runs them at every start."""
