"""What is known of models' context windows, and of refusals for length."""
