"""The paper's comparison, its tasks, and its picture."""
