"""What a person types: flags, settings files, arguments."""
