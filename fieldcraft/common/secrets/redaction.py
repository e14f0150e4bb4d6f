"""What is a secret, and text and data without it: values that this process learned, and shapes.

Learned are the values of environment variables that are named like a secret, the passwords and tokens in
URLs that variables hold, and whatever `learn` and `learn_url` are told by those who read settings. They are
found in each form in which a server, a program or an error message repeats them: as they are, in either
case, percent-encoded, as JSON or Python write them, in HTML, and in base64, alone or as part of
`user:password`.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

from fieldcraft.common.secrets.names import (
    is_harmless,
    is_plain_parameter,
    names_a_secret,
    variable_holds_secret,
)
from fieldcraft.common.secrets.shapes import names_its_value, says_secret, without_shapes
from fieldcraft.common.text import valid_text

REDACTED = "[redacted]"
SHORTEST = 8
"""Characters of a value that is looked for by itself; a shorter one would take ordinary words away."""
_SHORTEST_PASSWORD = 6
_SHORTEST_NAMED = 4
_LONGEST = 20_000
_MOST = 5_000
_URL_PART = re.compile(r"[?&#;](?P<name>[\w.~%\[\]-]{1,80})=(?P<value>[^&#\s\"'<>]+)")
_PATH_TOKEN = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[\w.~%=:+-]{20,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _Known:
    """The values that are secrets in this process, in all their forms."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._learned: dict[str, None] = {}
        self._environment: Any = None
        self._forms: tuple[str, ...] = ()

    def learn(self, values: Iterable[str]) -> None:
        new = {value: None for value in values if value not in self._learned}
        if new:
            with self._lock:
                self._learned |= new
                while len(self._learned) > _MOST:
                    del self._learned[next(iter(self._learned))]
                self._environment = None

    def forget(self) -> None:
        with self._lock:
            self._learned.clear()
            self._environment = None

    def forms(self) -> tuple[str, ...]:
        """In lower case, the longest first. Variables are looked at again where one has changed."""
        now = getattr(os.environ, "_data", None) or dict(os.environ)
        if now != self._environment:
            with self._lock:
                self._environment = dict(now)
                values = [*self._learned, *_of_environment(os.environ)]
                self._forms = _all_forms(values)
        return self._forms


_KNOWN = _Known()


def learn(values: Iterable[str]) -> None:
    """Look for these values from now on. Those of fewer than 6 characters are not looked for."""
    _KNOWN.learn(value for value in values if _SHORTEST_PASSWORD <= len(value) <= _LONGEST)


def learn_plausible(values: Iterable[str]) -> None:
    """The same for values whose names tell nothing: words, numbers, paths, hosts and URLs are passed over."""
    for value in values:
        if "://" in value:
            learn_url(value)
        elif not is_harmless(value):
            learn([value])


def learn_url(url: str) -> None:
    """Look for the password and the tokens of a URL from now on."""
    learn(secrets_of_url(url))


def forget() -> None:
    """Look for nothing any more but what the environment holds."""
    _KNOWN.forget()


def secrets_of_url(url: str) -> list[str]:
    """Password, user and password, tokens in parameters and path: as they stand, and decoded."""
    found: list[str] = []
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo = (authority if "@" in authority else rest).rpartition("@")[0]
    if userinfo and not re.search(r"[?#\s]", userinfo):
        user, colon, password = userinfo.partition(":")
        found += [userinfo, password] if colon else [] if re.fullmatch(r"[a-z_-]{1,16}", user) else [user]
    found += [
        match["value"]
        for match in _URL_PART.finditer(url)
        if is_secret_parameter(match["name"], match["value"])
    ]
    found += [part for part in _path_of(url).split("/") if is_path_token(part)]
    named = [part for part in found if not names_its_value(part)]
    return list(dict.fromkeys([*named, *map(unquote, named), *map(unquote_plus, named)]))


def is_secret_parameter(name: str, value: str) -> bool:
    """Whether a parameter of a URL that a person configured is a secret: by its name, or by its looks."""
    if names_a_secret(name, in_url=True):
        return True
    return not (is_plain_parameter(name) or is_harmless(value))


def is_path_token(part: str) -> bool:
    """Whether a part of a URL's path looks like a token: long, letters and digits, no UUID, no file."""
    if len(part) < 20 or _UUID.fullmatch(part) or _PATH_TOKEN.fullmatch(part) is None:
        return False
    words = re.split(r"[-_.]", part)
    return max(map(len, words)) >= 16


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def redact(text: str, extra: Iterable[str] = ()) -> str:
    """`text` without known values, the strings of `extra`, and whatever has the shape of a secret.

    What `${NAME}` stands for stays, as do digests, UUIDs and numbers of tokens. Linear in the text's length.
    """
    return without_shapes(without_known(text, extra=extra), _redacted)


def _redacted(_secret: str) -> str:
    return REDACTED


def without_known(text: str, mark: str = REDACTED, *, extra: Iterable[str] = ()) -> str:
    """`text` with `mark` in the place of every known value, and of each string of `extra`."""
    forms = _KNOWN.forms()
    more = [value for value in extra if len(value) >= SHORTEST]
    if more:
        forms = (*forms, *_all_forms(more))
    folded = text.lower()
    found = [form for form in forms if form in folded]
    if not found:
        return text
    return re.sub("|".join(map(re.escape, found)), lambda _: mark, text, flags=re.IGNORECASE)


def redact_data(data: Any, by: Callable[[str], str] = redact, *, keys: bool = True) -> Any:
    """JSON data without secrets: in texts and `keys`, under a key that names one, in pieces of a list."""
    match data:
        case str():
            return by(data)
        case list() | tuple():
            return _rejoined([redact_data(part, by, keys=keys) for part in data], by)
        case Mapping():
            return {
                by(str(key)) if keys else str(key): _named(str(key), value, by, keys=keys)
                for key, value in data.items()
            }
        case _:
            return data


def _named(key: str, value: Any, by: Callable[[str], str], *, keys: bool) -> Any:
    if not isinstance(value, str):
        return redact_data(value, by, keys=keys)
    bare = value.strip()
    if says_secret(key) and len(bare) >= _SHORTEST_NAMED and "[" not in bare and not names_its_value(bare):
        return REDACTED
    return by(value)


def _rejoined(parts: list[Any], by: Callable[[str], str]) -> list[Any]:
    """Take out a known value that is cut into the texts of a list."""
    if len(parts) < 2 or not all(isinstance(part, str) for part in parts):
        return parts
    whole = "".join(parts)
    if by(whole) == whole:
        return parts
    folded = whole.lower()
    spans = [
        (at, at + len(form)) for form in _KNOWN.forms() for at in _places(folded, form) if form in folded
    ]
    kept, start = [], 0
    for part in parts:
        end = start + len(part)
        inside = any(first < end and start < last for first, last in spans)
        kept.append(REDACTED if inside and part else part)
        start = end
    return kept


def _places(text: str, form: str) -> Iterable[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + len(form))


def redact_json(text: str) -> str:
    """A JSON document without secrets, still JSON; the same object where it holds none."""
    if not may_hold_secret(text):
        return text
    data = json.loads(text)
    kept = redact_data(data)
    return text if kept == data else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def may_hold_secret(text: str) -> bool:
    """Whether a closer look at a JSON document is worth while; in one pass, without reading it."""
    if without_known(text) != text or holds_in_pieces(text):
        return True
    shown = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") if "\\" in text else text
    return without_shapes(shown, _redacted) != shown


def holds_in_pieces(text: str) -> bool:
    """Whether a known value is cut into neighbouring texts of a list, in a compact JSON document."""
    if not _KNOWN.forms() or '","' not in text:
        return False
    joined = text.replace('","', "")
    return without_known(joined) != joined


def _of_environment(environment: Mapping[str, str]) -> Iterable[str]:
    for name, value in environment.items():
        if variable_holds_secret(name):
            if len(value) >= SHORTEST and not (value.startswith("/") and os.path.exists(value)):  # noqa: PTH110
                yield value
        elif name.lower().endswith("_proxy") and "://" not in value and "@" in value:
            yield from _long(secrets_of_url(f"//://{value}"))
        if "://" in value and not re.search(r"\s", value):
            yield from _long(secrets_of_url(value))
        if ";" in value and "=" in value:
            found: list[str] = []
            without_shapes(value, _collecting(found))
            yield from _long(found)


def _long(values: Iterable[str]) -> Iterable[str]:
    return (value for value in values if len(value) >= _SHORTEST_PASSWORD)


def _collecting(found: list[str]) -> Callable[[str], str]:
    def collect(secret: str) -> str:
        found.append(secret)
        return REDACTED

    return collect


def _all_forms(values: Iterable[str]) -> tuple[str, ...]:
    forms = {form.lower() for value in values for form in _forms_of(value)}
    return tuple(sorted(forms, key=len, reverse=True))


def _forms_of(value: str) -> Iterable[str]:
    """The ways in which a value is written by those who repeat it."""
    stripped = value.strip()
    for plain in {value, stripped, valid_text(stripped)}:
        raw = plain.encode("utf-8", "surrogatepass")
        as_json = json.dumps(plain)[1:-1]
        yield from (plain, as_json, json.dumps(plain, ensure_ascii=False)[1:-1], json.dumps(as_json)[1:-1])
        yield from (ascii(plain)[1:-1], html.escape(plain), plain.replace("\n", "\\n"))
        yield from (quote(raw), quote(raw, safe=""), quote_plus(raw))
        for core in _base64_cores(raw):
            yield from (core, core.replace("+", "-").replace("/", "_"), quote(core, safe=""))


def _base64_cores(raw: bytes) -> Iterable[str]:
    """What base64 makes of `raw` wherever it stands in a longer text, without the letters it shares."""
    for before in range(3):
        padded = b"\0" * before + raw
        start = (0, 2, 3)[before]
        core = base64.b64encode(padded).decode().rstrip("=")
        whole = len(padded) * 8 // 6
        if len(core[start:whole]) >= SHORTEST:
            yield core[start:whole]
