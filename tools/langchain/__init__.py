"""What is LangChain's own: content blocks and messages, injected arguments, and how its tools are invoked."""
