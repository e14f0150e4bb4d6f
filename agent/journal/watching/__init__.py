"""What another process sees of a run, while it goes on and after it."""
