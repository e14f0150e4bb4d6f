"""What the world has shown, as short typed facts: learned from events by rule, corrected, and found again."""
