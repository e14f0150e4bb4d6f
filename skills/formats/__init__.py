"""The formats of skills on disk."""
