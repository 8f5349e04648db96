"""What happens, and what it means for alarms: one file per cause, each from a state and a change to outcomes."""
