"""Web APIs that an OpenAPI 3 document describes: each operation is a LangChain tool."""
