"""The model that needs no key: a chat model, and the modest programmer behind it."""
