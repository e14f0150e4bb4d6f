"""Prompts: Markdown templates, how values stand in them, and how answers are read."""
