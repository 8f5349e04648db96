"""A second opinion on lots, and the cases that it is held against. Nothing in here imports the program."""
