"""One lot judged: its events, the places it was in, and what they did to it."""
