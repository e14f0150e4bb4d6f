"""What is a secret: values that are known, names and shapes of keys, and taking them out of a text."""
