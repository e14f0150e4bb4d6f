"""How a run's course is told from its events: what was done, what was new last, and where the agent has been."""
