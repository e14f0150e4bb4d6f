"""Reads JavaScript, in a process of its own: it needs nothing of Fieldcraft, only the parser.

The syntax tree of a hostile source may take a parser far more than linear time; what is done with the tree
here takes linear time.
"""
