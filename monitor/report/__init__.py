"""What is handed over: histories as files. Reads the view, writes folders, changes nothing."""
