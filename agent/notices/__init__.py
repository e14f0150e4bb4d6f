"""Notices to the people of a run: a command or a web address that hears of its stop, stall or milestone."""
