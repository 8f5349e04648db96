"""What comes in: a batch is put into the log, copies are left out, and the past is imported in parts."""
