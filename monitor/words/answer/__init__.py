"""docs/json.md and docs/json.schema.json, made from the types of :mod:`monitor.core.answer`."""
