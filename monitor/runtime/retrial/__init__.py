"""Other rules tried on the stored history."""
