"""The record of a run: its events, its folder, and the state computed from the events."""
