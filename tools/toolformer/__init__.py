"""Toolformer (Schick et al., arXiv 2302.04761): a model teaches itself to call the registered tools."""
