"""Parsing what a person types: flags, settings files, arguments."""
