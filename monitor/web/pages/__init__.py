"""Pages for people: units, lots, alarms, their forms, and the page behind a message's link."""
