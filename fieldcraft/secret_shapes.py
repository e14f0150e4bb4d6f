"""What a secret looks like, by its own shape or by the name that stands before it."""

from __future__ import annotations

import re

NAMED = r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)S?"
"""How the name of a secret ends, in either case: `OPENAI_API_KEY`, `--access-token`."""
SHAPES = re.compile(
    r"""
      \bsk-[\w-]{12,}                                # OpenAI, Anthropic and those who follow them
    | \b(?:gh[pousr]|github_pat|glpat|hf)[_-]\w{16,} # GitHub, GitLab, Hugging Face
    | \bxox[abprs]-[\w-]{10,}                        # Slack
    | \bAIza[\w-]{30,}                               # Google
    | \bAKIA[0-9A-Z]{16}\b                           # Amazon
    | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                # the user and password of a URL
    """,
    re.VERBOSE,
)
BEARER = re.compile(r"\b(Bearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
