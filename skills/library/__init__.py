"""The skill library: its folder, admission of skills, binding of calls to versions, and merging."""
