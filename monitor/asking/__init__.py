"""What can be asked: units, lots, alarms, excursions, health; and what other rules would have done (replay)."""
