"""Tokens of many services, which tell themselves by how they begin."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property


def _any(_match: re.Match[str]) -> bool:
    return True


@dataclass(frozen=True)
class Shape:
    """A pattern with a group `secret`.

    Attributes:
        needle: in lower case; each match holds it, so that a text without it is not searched.
        expression: takes a time linear in the text, also where it does not match.
        holds: whether a match is one indeed.
    """

    needle: str
    expression: str
    holds: Callable[[re.Match[str]], bool] = _any

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when a text first holds the needle, so that a start stays fast."""
        return re.compile(self.expression)


def has_digit(match: re.Match[str]) -> bool:
    """Whether the secret of a match holds a digit, as words do not."""
    return any(letter.isdigit() for letter in match["secret"])


def _is_signed(match: re.Match[str]) -> bool:
    return "." in match["secret"]


def _token(prefix: str, rest: str, holds: Callable[[re.Match[str]], bool] = _any) -> Shape:
    """A token that begins with `prefix`, in this case, where no letter or digit stands before it."""
    literal = re.escape(prefix)
    return Shape(prefix, rf"(?P<secret>{literal}(?<![A-Za-z0-9]{literal}){rest})", holds)


_ALWAYS = (
    _token("AIza", r"[\w-]{30,}"),  # Google
    _token("1//0", r"[\w-]{20,}"),
    *(_token(prefix, r"[0-9A-Z]{16}(?![0-9A-Za-z])") for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),
    _token("SK", r"[0-9a-f]{32}(?![0-9a-f])"),  # Twilio
    _token("eyJ", r"[\w-]{8,}(?:\.[\w-]*){0,4}", _is_signed),  # JSON web tokens
    Shape(":AA", r"(?P<secret>:AA(?<=\d{8}:AA)[\w-]{32,34})(?![\w-])"),  # bots of Telegram
)
_WITH_UNDERSCORE = (
    *(_token(f"gh{kind}_", r"\w{16,}") for kind in "pousr"),
    _token("github_pat_", r"\w{16,}"),
    *(_token(prefix, r"\w{10,}") for prefix in ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_")),
    _token("whsec_", r"[\w+/=]{16,}"),
    _token("hf_", r"\w{16,}"),
    _token("glpat_", r"\w{16,}"),
    _token("npm_", r"[A-Za-z0-9]{30,}"),
    *(
        _token(f"{prefix}_", r"\w{16,}")
        for prefix in ["gsk", "r8", "dop_v1", "doo_v1", "shpat", "shpss", "shpca", "figd", "sbp"]
    ),
    *(_token(f"{prefix}_", r"\w{16,}") for prefix in ("lin_api", "ntn", "lsv2_pt", "lsv2_sk")),
)
_WITH_HYPHEN = (
    _token("sk-", r"[\w-]{12,}", has_digit),  # OpenAI, Anthropic and those who follow them
    *(_token(f"{prefix}-", r"[\w.-]{16,}") for prefix in ("glpat", "glptt", "gldt")),
    _token("ghp-", r"\w{16,}"),
    _token("hf-", r"\w{16,}", has_digit),
    _token("xox", r"[a-z]-[\w-]{10,}"),  # Slack
    _token("xapp-", r"[\w-]{10,}", has_digit),
    _token("GOCSPX-", r"[\w-]{20,}"),
    _token("pypi-", r"[\w-]{16,}", has_digit),
    *(_token(f"{prefix}-", r"[\w-]{32,}", has_digit) for prefix in ("xai", "pplx", "tvly", "nvapi", "PMAK")),
    _token("key-", r"[0-9a-f]{32}"),
    _token("AGE-SECRET-KEY-1", r"[0-9A-Z]{20,}"),
)
_WITH_DOT = (
    _token("ya29.", r"[\w-]{20,}"),
    _token("SG.", r"[\w-]{16,}\.[\w-]{16,}"),  # SendGrid
    _token("hvs.", r"[\w-]{20,}"),
)
TOKENS_BY_SIGN = (("", _ALWAYS), ("_", _WITH_UNDERSCORE), ("-", _WITH_HYPHEN), (".", _WITH_DOT))
"""Shapes by a sign that stands in each of them; texts without it are passed over."""
