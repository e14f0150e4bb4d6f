"""Read OpenAPI documents: from files and URLs, in one file or several, and of version 2."""
