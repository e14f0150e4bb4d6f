"""The commands of `fieldcraft runs` that have files of their own."""
