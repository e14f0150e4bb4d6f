"""The commands with which a person steers a run that another process runs."""
