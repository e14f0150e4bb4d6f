"""Tools in a run: access to them, their context, and the journal of their calls."""
