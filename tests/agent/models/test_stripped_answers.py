"""What stands between a run and a model: proxies that strip headers, and certificates that are not known."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from every_protocol import PROVIDERS, answers, body_of, client_for, counts
from openai_server import ChatServer, Handler, Reply

from fieldcraft.agent.models import Message, ModelRationed, ModelRefused

Serve = Callable[..., ChatServer]
HELLO = [Message(role="user", text="x" * 400)]


def bare(status: int, body: bytes, *headers: str) -> Reply:
    """These bytes with these lines of headers and no others; the connection's end is that of the answer."""

    def reply(handler: Handler) -> None:
        lines = (f"HTTP/1.0 {status} .", *headers, "", "")
        handler.wfile.write("\r\n".join(lines).encode() + body)

    return reply


def chunked(body: bytes) -> Reply:
    """The same bytes in chunks that end within characters and lines."""

    def reply(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for start in range(0, len(body), 7):
            part = body[start : start + 7]
            handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    return reply


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_without_its_headers_is_read(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = body_of(provider, "Grüße ✓", counts(provider, 90, 15))
    server = serve(
        bare(200, body),
        bare(200, body, "Content-Type: text/plain"),
        bare(200, body, "Content-Type: text/html; charset=latin-1"),
        chunked(body),
    )
    client = client_for(provider, server.url, monkeypatch)

    for call in range(1, 5):
        answer = client.ask(HELLO, role="actor", call=call)
        assert (answer.text, answer.input_tokens, answer.output_tokens) == ("Grüße ✓", 90, 15)


@pytest.mark.parametrize("provider", ["anthropic", "google_genai", "mistralai", "ollama", "openai"])
def test_a_rate_limit_without_its_headers_backs_off(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = [bare(429, b'{"error": {"message": "slow down"}}'), bare(429, b"", "Content-Type: text/plain")]
    client = client_for(provider, serve(*limited, answers(provider, "ok")).url, monkeypatch)

    answer = client.ask(HELLO, role="actor", call=1)

    assert (answer.text, answer.attempts) == ("ok", 3)
    assert answer.waited > 0


@pytest.mark.parametrize("provider", ["anthropic", "google_genai", "mistralai", "ollama", "openai"])
def test_a_wait_is_read_in_the_words_that_the_proxy_left(
    provider: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = json.dumps({"error": {"message": "Rate limit reached. Please try again in 20m0s."}}).encode()
    client = client_for(provider, serve(bare(429, said)).url, monkeypatch, rate_limit_seconds=1.0)

    with pytest.raises(ModelRationed, match="wait of 20 min"):
        client.ask(HELLO, role="actor", call=1)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for the loopback address that only its own key has signed, with that key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    held = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "loopback.pem"
    path.write_bytes(held + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Callable[[Reply], str]]:
    """Starts a server with this certificate, which gives one reply always; returns its address."""
    servers: list[ChatServer] = []

    def start(reply: Reply) -> str:
        server = SecureServer(reply)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"https://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.stop()


class SecureServer(ChatServer):
    """A server that starts once it has its certificate."""

    def __init__(self, reply: Reply) -> None:
        ThreadingHTTPServer.__init__(self, ("127.0.0.1", 0), Handler)
        self.replies = (reply,)
        self.requests = []
        self.released = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that would not shake hands."""


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_certificate_that_is_not_known_is_named_with_the_cure(
    provider: str, secure: Callable[[Reply], str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    url = secure(answers(provider, "ok"))

    with pytest.raises(ModelRefused, match=r"certificate is not trusted here .*SSL_CERT_FILE") as caught:
        client_for(provider, url, monkeypatch).ask(HELLO, role="actor", call=1)
    assert "\n" not in str(caught.value)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert client_for(provider, url, monkeypatch).ask(HELLO, role="actor", call=1).text == "ok"
