"""Writing with calls, and a Toolformer as a chat model."""
