"""What is configured, in dated versions: storage profiles, units, probes, and the rules that follow."""
