"""What stands below everything else: text, data and files that others made, read within bounds."""
