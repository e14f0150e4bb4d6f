"""MCP servers: each has one open session, and its tools are LangChain tools."""
