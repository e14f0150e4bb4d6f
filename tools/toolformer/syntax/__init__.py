"""Calls as text, and their arguments."""
