"""What keeps a store in order: copies of it while it is written, and what of it goes after its time."""
