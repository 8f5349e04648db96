"""What the writer owes to people: messages put together and into the outbox, in the transaction of their reason."""
