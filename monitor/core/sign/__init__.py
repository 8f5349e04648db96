"""Signs of a failure in the course of a unit's readings, told before a limit is passed. Pure."""
