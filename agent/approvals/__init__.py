"""Tool calls that wait for a person: parked, answered later, and the tasks that are set aside meanwhile."""
