"""The bodies of requests: how a document describes them, and how they are written."""
