"""Wire formats: (topic, bytes) to core values and back. One module per format; none of them keeps state."""
