"""Tools in a run: who may call which, what they reach, and the journal of their calls."""
