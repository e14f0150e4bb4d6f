"""What a provider wants back with its tool calls: kept, and put back as it came."""
