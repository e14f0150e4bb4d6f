"""The skills of a run: which ones the author of programs is shown, and which programs become skills."""
