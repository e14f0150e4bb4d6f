"""Web APIs described by an OpenAPI 3 document: each operation is a LangChain tool."""
