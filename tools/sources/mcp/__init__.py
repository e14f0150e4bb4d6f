"""MCP servers: each is one held session, whose tools are LangChain tools."""
