"""The roles of the loop: they set tasks, write programs, judge them, answer questions, keep skills."""
