"""Forks: runs that share the past of another up to a moment and go on by themselves."""
