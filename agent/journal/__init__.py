"""The record of a run: its events, the folder they stand in, and the state that follows from them."""
