"""Annotating a corpus: sample, execute, filter, write."""
