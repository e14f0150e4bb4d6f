"""Tools that other programs offer: MCP servers, and web APIs that an OpenAPI document describes."""
