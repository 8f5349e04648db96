"""Charts of units, of lots and of what is ahead, for pages and mails."""
