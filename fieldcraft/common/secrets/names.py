"""Which names stand before a secret, and which values may be one."""

from __future__ import annotations

import re
from functools import lru_cache

PLACEHOLDER = re.compile(r"\$\{(?P<kind>env:|input:)?(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")
"""`${NAME}`, `${NAME:-otherwise}`, and how editors write the first."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ENDINGS = ("key", "token", "secret", "password", "passwd", "passphrase", "credential")
_ALONE = frozenset({"auth", "authorization", "cookie", "pass", "pwd", "pw", "jwt", "pat", "sig", "signature"})
_NO_SECRETS = frozenset({"monkey", "donkey", "turkey", "hotkey", "whiskey", "jockey", "hockey"})
_OPEN_KEYS = frozenset({"public", "primary", "foreign", "sort", "partition", "cache", "row", "hot", "object"})
_COUNTED = frozenset({"max", "min", "num", "n", "total", "input", "output", "prompt", "new", "completion"})
_IN_URLS = frozenset({"sid", "code", "sas", "session", "ticket", "nonce", "assertion", "hmac"})
_DIRECTORIES = frozenset({"PWD", "OLDPWD"})

_HARMLESS = re.compile(
    r"""
      [A-Za-z]+ | [A-Za-z]+[-_\ ][A-Za-z]+              # one word or two
    | [\d\s.,:;/+-]+                                     # numbers, times, dates
    | v?\d+(?:\.\d+)+[\w.+-]{0,12} | \d{4}-\d{2}-\d{2}[\w:.+-]{0,20}  # versions, dates
    | [a-z]{2,3}[-_][A-Z]{2}(?:\.[\w-]+)?                # languages
    | [a-z]{2}-[a-z]+-\d                                 # regions of a cloud
    | [\w.+*-]+/[\w.+*-]+(?:\s*[;,]\s*[\w.+*/=\s-]+)*    # kinds of media
    | (?:[a-z\d-]+\.)+[a-z]{2,6}(?::\d+)?(?:/[a-z-]*)?   # hosts
    | (?:[A-Za-z]:|~|\.{1,2})?[/\\][^\n]*                # paths
    """,
    re.VERBOSE,
)
_MEDIA = re.compile(r"(?:text|application|image|audio|video|multipart|font|\*)/")
_PLAIN_NAMES = frozenset(
    [
        "version",
        "apiversion",
        "region",
        "zone",
        "lang",
        "language",
        "locale",
        "format",
        "model",
        "deployment",
        "type",
        "sort",
        "order",
        "page",
    ]
)


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of `apiKey`, `API_KEY` or `--api-key`, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name[-200:]))


@lru_cache(maxsize=4096)
def names_a_secret(name: str, *, in_url: bool = False) -> bool:
    """Whether a value of this name is a secret: an argument's, a header's, an option's, a URL parameter's."""
    words = words_of(name)
    if not words:
        return False
    if words[-1] == "tokens" and (len(words) == 1 or words[0] in _COUNTED):
        return False
    last = words[-1].removesuffix("s") if words[-1] != "pass" else "pass"
    if last in _NO_SECRETS or (last == "key" and len(words) > 1 and words[-2] in _OPEN_KEYS):
        return False
    if last in _ALONE or (in_url and last in _IN_URLS):
        return True
    return last.endswith(_ENDINGS) or (len(words) > 1 and "".join(words[-3:]).endswith(("keyid", "keybase")))


@lru_cache(maxsize=4096)
def variable_holds_secret(name: str) -> bool:
    """Whether an environment variable of this name holds a secret; one that ends otherwise may, too."""
    if name in _DIRECTORIES:
        return False
    parts = [part.lower().removesuffix("s") for part in re.split(r"[_\W]+", name) if part]
    return any(part.endswith(_ENDINGS) or part in {"pwd", "pat"} for part in parts)


def counts(name: str, value: str) -> bool:
    """Whether `value` is a number of tokens or keys: `--max-tokens 500`."""
    words = words_of(name)
    if not re.fullmatch(r"\d{1,9}(?:\.\d+)?", value.strip()):
        return False
    return words[-1:] in {("tokens",), ("keys",)} or bool(words and words[0] in _COUNTED)


def is_harmless(value: str) -> bool:
    """Whether a value of a name that says nothing is ordinary: a word, number, path, host, or none."""
    if len(value) < 8 or value.startswith(("[redacted]", "[left out]")):
        return True
    if PLACEHOLDER.fullmatch(value) and "[" not in value:
        return True
    if "/" in value and not value.startswith(("/", "~", ".")) and _MEDIA.match(value) is None:
        return False
    return len(value) < 500 and _HARMLESS.fullmatch(value) is not None


def is_plain_parameter(name: str) -> bool:
    """Whether a URL parameter of this name holds no secret, whatever its value looks like."""
    return "".join(words_of(name)) in _PLAIN_NAMES
