"""What comes in: an MQTT subscription that loses nothing, and what its messages say."""
