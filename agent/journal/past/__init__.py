"""Bringing a run's world back to a moment of its past, and runs that share the past of another."""
