"""The `offline` model: a modest programmer by rules, behind the same prompts that any other model gets."""
