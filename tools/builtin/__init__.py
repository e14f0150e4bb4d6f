"""The tools that ship with Fieldcraft."""
