"""What the writer owes to people."""
