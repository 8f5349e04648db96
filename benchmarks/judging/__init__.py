"""What judging costs, and what late readings do: measured in this process, or in a writer of its own."""
