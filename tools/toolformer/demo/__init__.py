"""The whole method from scratch on a processor: texts, a model, and what the tools make of it."""
