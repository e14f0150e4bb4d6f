"""A run's course, as its events tell it: what was done, what was new last, where the agent has been."""
