"""What judges, as dated versions in the store: the rulebook made of them, and rules tried on the past."""
