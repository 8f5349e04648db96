"""What is coming: forecasts of units that warm, what it means for lots, and where these may go."""
