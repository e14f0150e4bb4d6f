"""The skill library: its folder, what it admits, which version a call goes to, and merging."""
