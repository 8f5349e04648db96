"""One channel judged: readings, their quality, the line between them, excursions, and whether it speaks at all."""
