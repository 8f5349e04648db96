"""What comes by the calendar: digests, the weekly summary, drills, daily chores."""
