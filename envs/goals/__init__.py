"""Goals of tasks that the world can check: its kinds, and those of a world's own."""
