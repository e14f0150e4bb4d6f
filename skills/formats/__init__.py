"""The forms in which skills lie on disk."""
