"""What is taken out of a text as a secret, what stays, and how long that takes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from fieldcraft.common.secrets import redaction
from fieldcraft.common.secrets.redaction import REDACTED, learn, learn_url, redact, redact_data, redact_json

SECRET = 'qui"et/mossy+bädger 7'


@pytest.fixture(autouse=True)
def _forgetting() -> Iterator[None]:
    redaction.forget()
    yield
    redaction.forget()


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "repeated",
    [
        SECRET,
        SECRET.upper(),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET),
        json.dumps(json.dumps(SECRET)),
        repr(SECRET),
        in_base64(SECRET),
        *(in_base64("user:"[:count] + SECRET) for count in range(1, 6)),
        in_base64(SECRET + ":tail").replace("+", "-").replace("/", "_"),
    ],
)
def test_a_known_value_is_found_however_it_is_repeated(repeated: str) -> None:
    learn([SECRET])
    shown = redact(f"they said {repeated}!")
    assert REDACTED in shown
    core = in_base64(SECRET)[4:-6]
    assert "mossy" not in shown.lower() and core not in shown


def test_a_known_value_in_pieces_of_a_list_is_found() -> None:
    learn(["quiet-mossy-badger"])
    assert redact_data(["a", "quiet-mo", "ssy-badger", "b"]) == ["a", REDACTED, REDACTED, "b"]
    assert json.loads(redact_json('{"parts":["quiet-mo","ssy-badger"],"n":1}')) == {
        "parts": [REDACTED, REDACTED],
        "n": 1,
    }


def test_lone_surrogates_hide_nothing() -> None:
    learn(["quiet-mossy-badger", "with\udcffbytes-in-it"])
    assert redact("\ud83d quiet-mossy-badger\udc00") == f"\ud83d {REDACTED}\udc00"
    assert redact("with\udcffbytes-in-it") == redact("with\N{REPLACEMENT CHARACTER}bytes-in-it") == REDACTED


def test_a_variable_is_known_as_long_as_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_DSN", "postgresql://me:hidden-here@localhost/db?sslmode=off")
    monkeypatch.setenv("SOME_PROXY", "me:in-the-proxy@localhost:80")
    monkeypatch.setenv("PWD", "/not/hidden")
    assert redact("hidden-here in-the-proxy /not/hidden") == f"{REDACTED} {REDACTED} /not/hidden"
    monkeypatch.delenv("SOME_DSN")
    assert redact("hidden-here") == "hidden-here"


@pytest.mark.parametrize(
    ("url", "secrets", "others"),
    [
        ("https://me:pa%24%24word1@host/p", ["pa%24%24word1", "pa$$word1"], ["host"]),
        ("https://ghostwriter77@host/p", ["ghostwriter77"], []),
        ("https://host/p?x=quiet-mossy-badger&lang=en&page=2", ["quiet-mossy-badger"], ["lang", "page"]),
        ("https://host/p?api-version=2024-02-15-preview", [], ["2024-02-15-preview"]),
        ("https://host/0f9c8b7a6d5e4f3a2b1c0d9e/mcp", ["0f9c8b7a6d5e4f3a2b1c0d9e"], ["mcp"]),
        ("https://host/550e8400-e29b-41d4-a716-446655440000", [], ["550e8400-e29b-41d4-a716-446655440000"]),
        ("https://host/#access_token=mossybadger", ["mossybadger"], []),
        ("git+ssh://git@github.com/a/b", [], ["git@github.com"]),
    ],
)
def test_what_is_learned_of_a_url(url: str, secrets: list[str], others: list[str]) -> None:
    learn_url(url)
    for secret in secrets:
        assert redact(f"x {secret} y") == f"x {REDACTED} y"
    for other in others:
        assert redact(f"x {other} y") == f"x {other} y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "Authorization: Basic [redacted]"),
        ("authorization: Token 9944b09199c6", "authorization: Token [redacted]"),
        ('Authorization: Digest username="me", response="6629f"', "Authorization: Digest [redacted]"),
        ("('Authorization', 'ApiKey abcdef123')", "('Authorization', 'ApiKey [redacted]')"),
        ("BEARER abc.def-123456", "BEARER [redacted]"),
        ("X-API-KEY: 0123abcd", "X-API-KEY: [redacted]"),
        ("Cookie: session=abc; theme=dark", "Cookie: [redacted]"),
        ("(b'Set-Cookie', b'sid=abcdef123')", "(b'Set-Cookie', b'[redacted]')"),
        ("https://h/p?sig=abc%2Fdef&x=1", "https://h/p?sig=[redacted]&x=1"),
        ("https://h/p?X-Goog-Signature=abc0&x=1", "https://h/p?X-Goog-Signature=[redacted]&x=1"),
        ("https://h/cb?code=4/0AX4XfWh-abc&x=1", "https://h/cb?code=[redacted]&x=1"),
        ("AccountName=a;AccountKey=Eby8vdM02x==", "AccountName=a;AccountKey=[redacted]"),
        ("postgresql://user:pa/ss@host/db", "postgresql://[redacted]@host/db"),
        ("redis://:p4ss@h:1/0", "redis://[redacted]@h:1/0"),
        ("it is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "it is [redacted]"),
        ('{"client_secret": "abcDEF"}', '{"client_secret": "[redacted]"}'),
        ('{\\"access_token\\":\\"abcDEF\\"}', '{\\"access_token\\":\\"[redacted]\\"}'),
        ("OPENAI_API_KEY=abcdef123", "OPENAI_API_KEY=[redacted]"),
        ("weather --api-key abc12345 --region north", "weather --api-key [redacted] --region north"),
        ("hooks.slack.com/services/T0000/B0000/XXXXXXXX", "hooks.slack.com/services/[redacted]"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMIIE+/=\n-----END RSA PRIVATE KEY----- b", "a [redacted] b"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIE", "[redacted]"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "abcdefghijklmnopqrst",
        "github_pat_" + "11ABCDEFG0abcdefghij",
        "xoxb-" + "123456789012-abcdefghij",
        "AIza" + "SyA1234567890abcdefghijklmnopqrstu",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "sk_live_" + "abcdefghij1234",
        "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
        "pypi-" + "AgEIcHlwaS5vcmcCJDU2",
        "SG." + "abcdefghijklmnopqrst.ABCDEFGHIJKLMNOPQRSTUV",
        "SK" + "0123456789abcdef0123456789abcdef",
        "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4f",
        "hf_" + "abcdefghijklmnopqrst",
        "sk-proj-" + "abcdefghijkl123",
    ],
)
def test_a_token_tells_itself(token: str) -> None:
    assert redact(f"with {token}, and") == f"with {REDACTED}, and"
    assert json.loads(redact_json(json.dumps({"a": [f"x\n{token}"]}))) == {"a": [f"x\n{REDACTED}"]}


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=500 --max-tokens 500 input_tokens: 1200",
        "commit e165976d0a0b1c2d3e4f5061728394a5b6c7d8e9",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "550e8400-e29b-41d4-a716-446655440000",
        'key = "iron"; sorted(found, key=lambda x: x[1]); token = tools.get_token()',
        "password = getpass.getpass(); secret = secrets.token_hex(16)",
        "def f(token, key=None): return {'key': 'value', 'token': 5}",
        "Bearer authentication is needed. Basic understanding of cookies: yes",
        "api_key: str | None = None  access_token: int",
        "src/components/Foo1Bar/BazQuxABC12345/abcd",
        "http://host:8080/path?email=me@x.org and http://10.0.0.1:3000/a, b@c.d",
        "mine the task-sk-ore and a desk-like block, the key: 5 wood",
        "postgres://${USER}:${PASS}@localhost ?token=${TOKEN} Authorization: Bearer ${TOKEN}",
        "?token=[left out]&a=1 api_key=[redacted]",
        "Authorization: required. authorization = None",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_json_stays_json_and_is_not_touched_without_need() -> None:
    learn(['quo"te\\back-slash'])
    held = json.dumps({"a": 'x quo"te\\back-slash y', 'quo"te\\back-slash': 1, "password": "hidden"})
    assert json.loads(redact_json(held)) == {"a": f"x {REDACTED} y", REDACTED: 1, "password": REDACTED}
    plain = '{"input_tokens": 5, "text": "chop \\n wood"}'
    assert redact_json(plain) is plain


@pytest.mark.parametrize(
    "piece",
    [
        "the iron pickaxe is crafted from wood ",
        "sk-", "-eyJ", "://a:", "://a@", "-----BEGIN PRIVATE KEY-----", "Bearer ", "authorization: ", "?a=",
        "--a-key ", "x-key", "cookie:", "password='", "SG.", '"\\', "authorization:digest ", ":AA", "Basic ",
    ],
)  # fmt: skip
def test_the_time_is_linear(piece: str) -> None:
    """Two megabytes; what were quadratic would take hours."""
    learn([f"another-secret-{number}" for number in range(40)])
    began = time.process_time()
    redact(piece * (2_000_000 // len(piece)))
    assert time.process_time() - began < 30
