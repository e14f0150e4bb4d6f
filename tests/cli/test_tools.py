"""`fieldcraft tools ...`, by its front door."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tomllib
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cli_workshop import Workshop
from machine import eventually

SERVERS = Path(__file__).parents[1] / "tools" / "servers"
MINE = '''
def word_count(text: str, least: int = 1) -> int:
    """Count the words of a text.

    Short ones may be left out.
    """
    return sum(len(word) >= least for word in text.split())


def nothing() -> None:
    """Do nothing."""


def unclear(number):
    return number
'''


@pytest.fixture
def place(workshop: Workshop) -> Workshop:
    """The workshop with a module of tools, under a name that no other test has imported."""
    name = f"tools_{workshop.folder.name.translate(str.maketrans('-', '_'))}"
    (workshop.folder / f"{name}.py").write_text(MINE)
    (workshop.folder / "module").write_text(name)
    return workshop


def module(place: Workshop) -> str:
    return (place.folder / "module").read_text()


def test_list_tells_every_tool_and_marks_those_in_use(place: Workshop) -> None:
    Path("fieldcraft.toml").write_text('tools = ["calc*"]\n')

    listed = place.run("tools", "list", "--json", "--tools", f"{module(place)}:word_count")
    shown = place.run("tools", "list")

    tools = {tool["name"]: tool for tool in listed.data["tools"]}
    assert tools["calculator"]["in_use"]
    assert not tools["search"]["in_use"]
    assert tools["word_count"]["origin"] == f"{module(place)}:word_count"
    assert tools["word_count"]["description"] == "Count the words of a text. Short ones may be left out."
    assert listed.data["problems"] == {}
    assert (shown.code, "calculator" in shown.out) == (0, True)


def test_show_tells_arguments_and_how_to_call(place: Workshop) -> None:
    shown = place.run("tools", "show", f"{module(place)}:word_count")
    data = place.run("tools", "show", "calculator", "--json").data

    assert "Short ones may be left out." in shown.out
    assert "tools.word_count(text=..., least=...)" in shown.out
    assert (data["effect"], list(data["schema"]["properties"])) == ("pure", ["expression"])


def test_show_tells_the_fields_of_a_body(place: Workshop) -> None:
    Path("fieldcraft.toml").write_text(
        f"[openapi.shop]\ndocument = {str(SERVERS / 'shop.yaml')!r}\nservers = ['http://127.0.0.1:9']\n"
    )
    shown = place.run("tools", "show", "create_pet").out.splitlines()

    rows = {words[0]: words[1:] for words in map(str.split, shown) if words and words[0].startswith("body")}
    assert rows["body"] == ["dict", "needed"]
    assert rows["body.name"] == ["str", "needed"]
    assert rows["body.mother"] == ["dict", "may", "be", "left", "out"]


def test_show_tells_what_a_file_may_be(place: Workshop) -> None:
    form = {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}}
    upload = {"requestBody": {"content": {"multipart/form-data": {"schema": form}}}, "responses": {}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "servers": [{"url": "http://127.0.0.1:9"}],
        "paths": {"/photos": {"post": {"operationId": "upload", **upload}}},
    }
    Path("photos.json").write_text(json.dumps(document))
    Path("fieldcraft.toml").write_text(
        "[openapi.photos]\ndocument = 'photos.json'\nservers = ['http://127.0.0.1:9']\n"
    )
    (row,) = [line for line in place.run("tools", "show", "upload").out.splitlines() if "body.photo" in line]
    assert row.split()[:4] == ["body.photo", "str", "|", "dict"]
    assert "A file: its content as text, or an object with its `base64`" in " ".join(row.split())


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["calculator", "400/1400"], 0, "calculator(expression='400/1400') gave:\n> 0.285714285714\n"),
        (["calculator", "expression=1+1"], 0, "calculator(expression='1+1') gave:\n> 2\n"),
        (["calculator", '{"expression": "2*3"}'], 0, "calculator(expression='2*3') gave:\n> 6\n"),
        (["calculator", "1/0"], 1, "calculator(expression='1/0') failed:\n> division by zero\n"),
        (["calculator", "9**9**9"], 1, "> a number grows too large"),
        (["calculator"], 1, "> calculator cannot take these arguments: expression: Field required"),
        (["MODULE:word_count", "text=a=b cd", "least=2"], 0, "(text='a=b cd', least=2) gave:\n> 2\n"),
        (["MODULE:word_count", "text=a", "least=x"], 1, "least: Input should be a valid integer"),
        (["MODULE:word_count", "a=b"], 0, "word_count(text='a=b') gave:\n> 1\n"),
        (["MODULE:nothing"], 0, "nothing() gave:\n> null\n"),
        (["search", "oak"], 1, "> there is nothing to search in: give a folder"),
    ],
)
def test_call_shows_what_a_model_would_see(place: Workshop, typed: list[str], code: int, said: str) -> None:
    ended = place.run("tools", "call", *(word.replace("MODULE", module(place)) for word in typed))

    assert (ended.code, ended.err) == (code, "")
    assert said in ended.out


def test_call_of_a_built_in_tool_starts_no_server(place: Workshop) -> None:
    Path("fieldcraft.toml").write_text(
        '[mcp.slow]\ncommand = "python"\nargs = ["-c", "open(\'started\', \'w\')"]\n'
    )

    assert place.run("tools", "call", "calculator", "1+1").code == 0
    assert not Path("started").exists()


def test_call_reaches_the_world_and_the_library(stocked: Workshop) -> None:
    Path("fieldcraft.toml").write_text('environment = "clearing:Clearing"\n')

    assert "chop" in stocked.run("tools", "call", "reference").out
    assert "Saws planks from wood." in stocked.run("tools", "call", "find_skills", "planks").out


def test_call_takes_a_corpus_and_a_model(place: Workshop) -> None:
    Path("notes").mkdir()
    Path("notes/oak.md").write_text("# Oaks\n\nOaks bear acorns.\n")
    Path("answers.json").write_text(json.dumps({"tools": ["Eicheln."]}))

    found = place.run("tools", "call", "search", "acorns", "--corpus", "notes")
    said = place.run(
        "tools", "call", "translate", "text=acorns", "language=German", "--model", "scripted:answers.json"
    )

    assert "Oaks bear acorns." in found.out
    assert said.out.endswith("gave:\n> Eicheln.\n")


def test_call_gives_json(place: Workshop) -> None:
    ended = place.run("tools", "call", "calculator", "1/4", "--json")
    failed = place.run("tools", "call", "calculator", "1/0", "--json")

    assert ended.data == {"tool": "calculator", "arguments": {"expression": "1/4"}, "value": "0.25"}
    assert (failed.code, failed.data["error"]) == (1, "division by zero")


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["call", "calculater", "1"], 2, "no tool 'calculater'; did you mean 'calculator'"),
        (["call", "MODULE:word_count", "a", "b"], 2, "which argument of word_count is 'a'? Write name=value"),
        (["call", "calculator", "expresion=3"], 2, "no argument 'expresion'; did you mean 'expression'?"),
        (["call", "MODULE:nowhere"], 2, "has no 'nowhere'"),
        (["call", "json:laods"], 2, "module 'json' has no 'laods'; did you mean 'loads'"),
        (["call", "no_such_module:x"], 2, "no module 'no_such_module' can be imported"),
        (["show", "json:"], 2, "'json:' is incomplete; write it as module:Name"),
        (["show", "MODULE:unclear"], 1, "function 'unclear' has no docstring"),
        (["add", "calculater"], 2, "did you mean 'calculator'"),
        (["add", "MODULE:nowhere"], 2, "has no 'nowhere'"),
        (["add", "MODULE:unclear"], 1, "was not added: function 'unclear' has no docstring"),
        (["add", "wiki", "--", "no-such-program"], 1, "there is no program 'no-such-program'"),
        (["add", "bad name", "--", "true"], 2, "'bad name' cannot name a source; use letters, digits"),
        (["add", "none.json"], 2, "none.json cannot be read: there is no such file"),
        (["add", "none.yaml"], 2, "none.yaml cannot be read: there is no such file"),
        (["add", "calculator", "--env", "A=b"], 2, "takes none of these flags"),
        (["add", "calculator", "--start-timeout", "5"], 2, "--start-timeout are for MCP servers"),
        (["add", "http://127.0.0.1:9/mcp", "--type", "ftp"], 2, "'stdio', 'http' or 'sse'"),
        (["add", "http://127.0.0.1:9/mcp", "--name", "wiki"], 1, "cannot be reached"),
    ],
)
def test_wrong_use_is_one_line(place: Workshop, typed: list[str], code: int, said: str) -> None:
    before = Path("fieldcraft.toml").read_text()
    ended = place.run("tools", *(word.replace("MODULE", module(place)) for word in typed))

    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.split())
    assert ended.err.startswith("error: ")
    assert Path("fieldcraft.toml").read_text() == before


def test_add_writes_what_a_run_then_has(place: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret-token")
    Path("fieldcraft.toml").write_text("# mine\nseed = 3  # lucky\n\n[budget]\niterations = 4\n")
    server = [sys.executable, str(SERVERS / "weather.py"), "--loud"]
    Path(".mcp.json").write_text(
        json.dumps({"mcpServers": {"second": {"command": server[0], "args": server[1:2]}}})
    )
    shop = str(SERVERS / "shop.yaml")

    for typed in (
        ["calculator"],
        [f"{module(place)}:word_count"],
        ["weather", "--only", "variable", "--env", "TOKEN=${MY_TOKEN}", "--", *server],
        [".mcp.json"],
        [shop, "--server", "http://127.0.0.1:9", "--credential", "key=${MY_TOKEN}", "--prefix", "shop_"],
    ):
        ended = place.run("tools", "add", *typed)
        assert (ended.code, ended.err) == (0, ""), typed
    written = Path("fieldcraft.toml").read_text()
    checked = place.run("tools", "check", "--json")

    assert written.startswith("# mine\nseed = 3  # lucky\n")
    assert "secret-token" not in written
    assert checked.code == 1
    assert checked.data["sound"]["mcp.weather"] == 1
    assert checked.data["sound"]["mcp.second"] > 5
    assert "openapi.shop" not in checked.data["sound"]
    assert "http://127.0.0.1:9 gave no answer: " in checked.data["problems"]["openapi.shop"]
    assert "mcp.second: variable" in checked.data["problems"]
    assert place.run("tools", "call", "variable", "TOKEN").out.endswith("> [redacted]\n")
    again = place.run("tools", "add", "calculator")
    assert (again.code, "has calculator already" in again.err) == (2, True)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_add_finds_out_the_older_protocol_and_writes_what_it_was_told(place: Workshop) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    command = [sys.executable, str(SERVERS / "weather.py"), "sse", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: listens(port))
        flags = ["--name", "old", "--start-timeout", "50", "--without", "die", "--without", "br*", "--json"]
        ended = place.run("tools", "add", f"http://127.0.0.1:{port}/sse", *flags)
    finally:
        server.kill()
        server.wait()

    assert (ended.code, ended.err) == (0, "")
    assert "forecast" in ended.data["tools"]
    assert not {"die", "breed"} & set(ended.data["tools"])
    assert tomllib.loads(Path("fieldcraft.toml").read_text())["mcp"]["old"] == {
        "url": f"http://127.0.0.1:{port}/sse",
        "type": "sse",
        "start_timeout": 50.0,
        "without": ["die", "br*"],
    }


def test_check_reports_each_source(place: Workshop) -> None:
    Path("fieldcraft.toml").write_text(
        'tools = ["calculator", "no_such_module:x"]\n[mcp.absent]\ncommand = "no-such-program"\n'
        '[openapi.shop]\ndocument = "none.yaml"\n'
    )
    ended = place.run("tools", "check")

    assert ended.code == 1
    for words in (
        "built in",
        "1 tool",
        "no_such_module:x",
        "no program 'no-such-program'",
        "none.yaml cannot",
    ):
        assert words in " ".join(ended.out.split())
    Path("fieldcraft.toml").write_text('tools = ["calculator"]\n')
    assert place.run("tools", "check").code == 0
    Path("fieldcraft.toml").write_text("")
    assert "no tool is configured here" in place.run("tools", "check").out


def test_check_asks_the_servers_of_a_web_api(place: Workshop) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        Path("fieldcraft.toml").write_text(
            f"[openapi.shop]\ndocument = {str(SERVERS / 'shop.yaml')!r}\nservers = [{url!r}]\n"
        )
        up = place.run("tools", "check", "--json")
        server.shutdown()
    down = place.run("tools", "check")

    assert up.data["sound"] == {"openapi.shop": 9}
    assert "openapi.shop" not in up.data["problems"]
    assert down.code == 1
    assert f"{url} gave no answer" in " ".join(down.out.split())
    assert "9 tools" not in down.out


def test_check_names_credentials_that_are_missing(place: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    document = f"document = {str(SERVERS / 'shop.yaml')!r}\nservers = ['http://127.0.0.1:9']\n"
    Path("fieldcraft.toml").write_text(
        f"[openapi.some]\n{document}credentials = {{ login = 'me:secret' }}\n"
        f"[openapi.unset]\nprefix = 'unset_'\n{document}credentials = {{ key = '${{NOWHERE}}' }}\n"
    )
    checked = place.run("tools", "check", "--json")

    assert checked.code == 1
    assert checked.data["credentials"] == {
        "openapi.some": "1 operation needs credentials that are not given: token; "
        'set credentials = {token = "${NAME_OF_A_VARIABLE}"}'
    }
    assert "variable NOWHERE is not set; set it" in checked.data["problems"]["openapi.unset"]
    assert "! openapi.some" in " ".join(place.run("tools", "check").out.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[mcp.a]\ncomand = 'b'\n", "no setting 'mcp.a.comand'; did you mean 'command'?"),
        ("[mcp.a]\nargs = ['b']\n", "mcp.a: an MCP server has either a command to start or a url"),
        (
            "[openapi.a]\ndocument = 'a'\nserver = ['b']\n",
            "no setting 'openapi.a.server'; did you mean 'servers'",
        ),
    ],
)
def test_settings_of_sources_are_read_strictly(place: Workshop, text: str, words: str) -> None:
    Path("fieldcraft.toml").write_text(text)
    ended = place.run("tools", "check")

    assert ended.code == 2
    assert words in " ".join(ended.err.split())
