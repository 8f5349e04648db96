"""Charts, for pages and mails."""
