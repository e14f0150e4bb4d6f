"""Answers on the wire: bounded, and put into a form that the providers' packages can read."""
