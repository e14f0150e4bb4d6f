"""What a person sees on the terminal: dashboards, lines and tables."""
