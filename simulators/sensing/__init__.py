"""What a probe makes of the temperature it sits in: noise, faults, codes that are no temperatures, battery, clock."""
