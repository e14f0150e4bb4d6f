"""Programs: read before they run, and what came of running them."""
