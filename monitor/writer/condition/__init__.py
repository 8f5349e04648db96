"""What makes alarms true: temperatures, silences, faults, signs, doors, power, and ourselves."""
