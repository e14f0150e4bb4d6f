"""What is a secret by its own shape, or by what stands before it in a text. Every search takes linear time.

Patterns begin with a literal or a set of letters, so that the search skips quickly to where they may begin,
and are tried only where the text holds what each match holds.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import string
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial

from fieldcraft.common.secrets.names import PLACEHOLDER, counts, names_a_secret, words_of
from fieldcraft.common.secrets.tokens import TOKENS_BY_SIGN, Shape, has_digit

Mark = Callable[[str], str]
"""Gives what stands in the place of a secret."""
_TAKEN_OUT = ("[redacted", "[left")
_SCHEMES = re.compile(r"(?:Basic|Bearer|Digest|Token|Api-?Key)\s*:?", re.IGNORECASE)
_AMAZON_WORDS = ("aws", "amazon", "akia", "asia", "secret", "s3")
_SHORT = 200
"""Characters of a text in which a secret key of Amazon is looked for though nothing speaks of Amazon."""


def _is_basic(match: re.Match[str]) -> bool:
    text = match["secret"]
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()


def _is_amazon(match: re.Match[str]) -> bool:
    """Whether 40 letters are as mixed as a secret key of Amazon; no digest and no path is."""
    text = match["secret"]
    found = Counter(text)
    entropy = -sum(n / len(text) * math.log2(n / len(text)) for n in found.values())
    kinds = (str.isupper, str.islower, str.isdigit)
    return entropy > 4.3 and all(any(map(kind, text)) for kind in kinds)


def _is_userinfo(match: re.Match[str]) -> bool:
    """Not the bare name before the host of `ssh://git@host`."""
    return re.fullmatch(r"[a-z_-]{1,16}", match["secret"]) is None


def _is_bearer(match: re.Match[str]) -> bool:
    return match["secret"].lower() not in {"authentication", "authorization", "credentials", "required"}


def _is_authorization(match: re.Match[str]) -> bool:
    return match["scheme"] is not None or has_digit(match)


def _is_parameter(match: re.Match[str]) -> bool:
    name, value = match["name"], match["secret"]
    if names_a_secret(name):
        return not counts(name, value)
    return names_a_secret(name, in_url=True) and len(value) >= 8


def _is_flag(match: re.Match[str]) -> bool:
    return names_a_secret(match["name"]) and has_digit(match) and not counts(match["name"], match["secret"])


_NAME_LETTERS = f"{string.ascii_letters}{string.digits}_.-"
_KEYS = frozenset(
    [
        "api",
        "access",
        "secret",
        "private",
        "account",
        "master",
        "encryption",
        "signing",
        "subscription",
        "auth",
        "admin",
    ]
)
_TOKENS = frozenset(
    [
        "access",
        "refresh",
        "id",
        "auth",
        "api",
        "bearer",
        "session",
        "security",
        "bot",
        "secret",
        "private",
        "personal",
    ]
)


def _is_assigned(match: re.Match[str]) -> bool:
    """A name that says it clearly, and a value that is quoted, or not like a word or a name of a program."""
    value, start = match["secret"], match.start()
    before = match.string[max(0, start - 40) : start]
    name = before[len(before.rstrip(_NAME_LETTERS)) :] + match["name"]
    if value[0] in "$<%{" or counts(name, value):
        return False
    if not says_secret(name) and not (name.isupper() and "_" in name and match["by"] == "="):
        return False
    if match["quote"]:
        return True
    mixed = not (value.islower() or value.isupper()) and len(value) >= 16 and "." not in value
    return has_digit(match) or mixed


@lru_cache(maxsize=4096)
def says_secret(name: str) -> bool:
    """Whether a name is that of a secret in any text: `client_secret`, `apiKey`, not `next_token`."""
    words = words_of(name)
    if not words:
        return False
    last = words[-1].removesuffix("s") if words[-1] != "pass" else "pass"
    if last in {"password", "passwd", "passphrase", "secret", "pwd", "sharedaccesssignature"}:
        return True
    before = words[-2] if len(words) > 1 else ""
    if last.endswith("key"):
        return (last == "key" and (before in _KEYS or words[0] == "x")) or last.removesuffix("key") in _KEYS
    if last.endswith("token"):
        return (last == "token" and (before in _TOKENS or words[0] == "x")) or (
            last.removesuffix("token") in _TOKENS
        )
    return words[0] == "x" and last == "signature"


def _either_case(word: str) -> str:
    """A pattern of `word` in either case, beginning with a set of letters."""
    return "".join(f"[{letter.upper()}{letter}]" for letter in word)


def _spaced(expression: str) -> str:
    """An expression whose blanks are there for the reader only."""
    return f"(?x){expression}"


_SEPARATOR = r"""\\{0,3}["']?\s{0,4}[:=,]\s{0,4}(?:b(?=["']))?\\{0,3}["']?"""
_SCHEME = (
    "basic|bearer|token|apikey|api-key|key|negotiate|hmac|aws4-hmac-sha256|sharedkey|sharedaccesssignature"
)


def _assigned(word: str) -> Shape:
    pattern = rf"""(?P<name>{_either_case(word)}[Ss]?)\\{{0,3}}["']?\s{{0,4}}(?P<by>[:=]|',)
        \s{{0,4}}(?:b(?=["']))?(?P<quote>\\{{0,3}}["']?)(?P<secret>[^\s"'\\,;&<>(){{}}\[\]]{{4,}})"""
    return Shape(word, _spaced(pattern), _is_assigned)


_TEXTUAL = (
    Shape(
        "private key",
        _spaced(
            r"""(?P<secret>-----BEGIN[ ](?:[A-Z0-9]+[ ]){0,4}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----
            (?:[A-Za-z0-9+/=\s:,]|\\[nr]|-(?!-))*(?:-----END[ ][A-Z0-9 ]{0,60}-----)?)"""
        ),
    ),
    Shape(
        "://",
        _spaced(
            r"""://(?P<secret>[^\s/?\#"'<>\\@][^\s/?\#"'<>\\]*
            | [^\s/:@?\#"'<>\\]{0,200}:(?!\d{1,5}[/?\#\s])(?:[^\s@"'<>\\:]|:(?!//))+)@"""
        ),
        _is_userinfo,
    ),
    Shape("hooks.slack.com/", _spaced(r"hooks\.slack\.com/\w{1,20}/(?P<secret>[\w/-]{16,})")),
    Shape(
        "authorization",
        _spaced(
            rf"""{_either_case("authorization")}{_SEPARATOR}\s{{0,4}}
            (?P<scheme>(?i:{_SCHEME}|digest)\s{{1,4}})?(?P<secret>(?i:(?<=digest[ ]))[^\r\n]{{4,4000}}
            | (?(scheme)[^\r\n"'\\)\]]{{4,4000}}|[^\s"'\\,;)\]]{{6,4000}}))"""
        ),
        _is_authorization,
    ),
    Shape(
        "cookie",
        _spaced(
            rf"""{_either_case("cookie")}2?{_SEPARATOR}(?P<secret>[\w.$-]{{1,100}}=[^\r\n"'\\]{{1,8000}})"""
        ),
    ),
    Shape(
        "=",
        _spaced(r"""[?&\#;](?P<name>[\w.~%\[\]-]{1,80})=(?P<secret>[^&\#\s"'<>\\,;)\]}][^&\#\s"'<>\\]*)"""),
        _is_parameter,
    ),
    *map(_assigned, ("password", "passwd", "passphrase", "pwd", "secret", "key", "token", "signature")),
    Shape(
        "-",
        _spaced(
            r"""-(?<![\w-]-)(?P<name>-?[A-Za-z][\w-]{0,60})(?:[ ]{1,4}|=)["']?(?P<secret>[^\s"'\\\[]{6,})"""
        ),
        _is_flag,
    ),
    Shape("bearer", _spaced(rf"{_either_case('bearer')}\s{{1,8}}(?P<secret>[\w.~+/=-]{{8,}})"), _is_bearer),
    Shape(
        "basic",
        _spaced(rf"{_either_case('basic')}\s{{1,8}}(?P<secret>[A-Za-z0-9+/]{{8,}}={{0,2}})"),
        _is_basic,
    ),
)
"""What stands in a text that says what it is."""

_AMAZON = Shape("", r"(?<![A-Za-z0-9+/=.])(?P<secret>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=.])", _is_amazon)


def names_its_value(text: str) -> bool:
    """Whether `${NAME}` stands for whatever in `text` could be a secret; a default is a value written out."""
    if "${" not in text:
        return False
    named = [match["default"] is None for match in PLACEHOLDER.finditer(text)]
    if not named or not all(named):
        return False
    rest = PLACEHOLDER.sub("", text).strip()
    return len(rest) < 8 or _SCHEMES.fullmatch(rest) is not None


def without_shapes(text: str, mark: Mark, folded: str | None = None) -> str:
    """`text` with everything that has the shape of a secret as `mark` gives it.

    Args:
        text: of any size; the time is linear in it.
        mark: gives what stands in the place of a secret.
        folded: `text` in lower case, where it is known already.
    """
    folded = text.lower() if folded is None else folded
    for shape in _TEXTUAL:
        if shape.needle in folded:
            text = shape.pattern.sub(partial(_replaced, shape, mark), text)
    for sign, shapes in TOKENS_BY_SIGN:
        if sign in text:
            for shape in shapes:
                if shape.needle in text:
                    text = shape.pattern.sub(partial(_replaced, shape, mark), text)
    if len(text) >= 40 and (len(text) <= _SHORT or any(word in folded for word in _AMAZON_WORDS)):
        text = _AMAZON.pattern.sub(partial(_replaced, _AMAZON, mark), text)
    return text


def _replaced(shape: Shape, mark: Mark, match: re.Match[str]) -> str:
    secret = match["secret"]
    if secret.startswith(_TAKEN_OUT) or names_its_value(secret) or not shape.holds(match):
        return match[0]
    before, after = match.start("secret") - match.start(), match.end("secret") - match.start()
    return f"{match[0][:before]}{mark(secret)}{match[0][after:]}"
