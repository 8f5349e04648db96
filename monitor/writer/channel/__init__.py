"""Channels as the writer judges them: readings put in order, judged, and judged anew where they come late."""
