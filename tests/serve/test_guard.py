"""Who is served: without the token, or for a page of another site, nobody."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent.models.errors import MissingExtra
from fieldcraft.cli.views.lines import lines
from fieldcraft.serve import open_page


@pytest.mark.parametrize(
    "path",
    ["/", "", "/r/hostile/", "/page.js", "/{short}/", "/{token}0/", "//{token}/", "/x/{token}/", "/%00/"],
)
def test_without_the_token_there_is_nothing(client: Any, path: str) -> None:
    token = client.root.strip("/")
    answer = client.ask(path.format(token=token, short=token[:-1]), absolute=True)
    assert answer.status == 403
    assert "hostile" not in answer.text and token not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_without_the_token_nothing_is_done(client: Any, runs: Path, method: str) -> None:
    body = {"kind": "stop"}
    assert client.ask("/r/hostile/notes", method=method, body=body, absolute=True).status == 403
    assert not (runs / "hostile" / "inbox").exists()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "[", ""])
def test_a_name_that_only_leads_here_for_now_is_refused(client: Any, host: str) -> None:
    assert client.ask("", Host=host).status == 403


def test_a_tunnel_from_another_port_is_served(client: Any) -> None:
    assert client.ask("", Host="localhost:9999").status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://{place}"])
def test_no_page_of_another_site_steers_a_run(client: Any, runs: Path, origin: str) -> None:
    answer = client.ask(
        "r/hostile/notes", method="POST", body={"kind": "stop"}, Origin=origin.format(place=client.place)
    )
    assert answer.status == 403
    assert not (runs / "hostile" / "inbox").exists()


@pytest.mark.parametrize("path", ["", "r/hostile/", "page.js", "r/nothing/", "/../"])
def test_every_answer_forbids_scripts_of_others_and_is_not_kept(client: Any, path: str) -> None:
    headers = client.ask(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';") and "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_the_token_is_the_same_at_each_start_and_another_in_another_folder(runs: Path) -> None:
    addresses = [
        open_page(folder, describe=lines, port=0).address.rsplit("/", 2)[1]
        for folder in (runs, runs, runs.parent)
    ]
    assert addresses[0] == addresses[1] != addresses[2]
    assert len(addresses[0]) == 40


def test_a_taken_port_is_named_with_the_cure(client: Any, runs: Path) -> None:
    port = int(client.place.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=f"port {port} .*--port 0 takes any port that is free"):
        open_page(runs, describe=lines, port=port)


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "sse_starlette"])
def test_without_the_extra_it_says_in_one_line_what_to_install(
    runs: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"^the page needs {package}, .*'fieldcraft\[serve\]'$"):
        open_page(runs, describe=lines, port=0)


def test_many_who_come_at_once_see_the_same(client: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(lambda _: client.ask("r/hostile/").status, range(24)))
    assert pages == [200] * 24


def test_a_page_carries_its_style_which_alone_of_all_styles_counts(client: Any) -> None:
    page = client.ask("")
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
    assert 'rel="stylesheet"' not in page.text
