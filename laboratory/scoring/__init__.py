"""How well the program did, scored from its public JSON alone: a scenario's expectations, and random fleets."""
