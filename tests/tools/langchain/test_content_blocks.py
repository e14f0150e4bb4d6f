"""Content blocks, messages and artifacts: texts in order, files in the run's folder, structured data kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from langgraph.types import Command

from fieldcraft.tools import ToolError, ToolExecutor, ToolPolicy, ToolRegistry, declare

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
CODED = base64.b64encode(PNG).decode()

Result = Callable[..., Any]


@pytest.fixture
def result(tmp_path: Path) -> Iterator[Result]:
    """The value of a call whose tool gives this, with the run's folder of results."""
    opened: list[ToolExecutor] = []

    def call(value: Any, *, kept: bool = True, **policy: Any) -> Any:
        def give() -> Any:
            """Give it."""
            return value

        folder = tmp_path / "run" / "tool-results" if kept else None
        opened.append(ToolExecutor(ToolRegistry([give]), policy=ToolPolicy(**policy), results=folder))
        return opened[-1].call("give", {})

    yield call
    for executor in opened:
        executor.close()


IMAGES = {
    "v1": {"type": "image", "base64": CODED, "mime_type": "image/png"},
    "v0": {"type": "image", "source_type": "base64", "data": CODED, "mime_type": "image/png"},
    "image_url": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{CODED}"}},
    "image_url text": {"type": "image_url", "image_url": f"data:image/png;base64,{CODED}"},
    "anthropic": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": CODED}},
    "mcp": {"type": "image", "data": CODED, "mimeType": "image/png"},
}


@pytest.mark.parametrize("block", IMAGES.values(), ids=IMAGES)
def test_a_picture_of_any_form_is_a_file_and_a_line_between_the_texts(
    block: dict[str, Any], result: Result, tmp_path: Path
) -> None:
    text = result([{"type": "text", "text": "before"}, block, "after"])

    (file,) = (tmp_path / "run" / "tool-results").iterdir()
    assert text == f"before\n[image/png of 108 bytes, in {file}]\nafter"
    assert file.suffix == ".png"
    assert file.read_bytes() == PNG


def test_without_a_folder_a_picture_is_named_with_type_and_size(result: Result) -> None:
    assert result([IMAGES["v1"]], kept=False) == "[image/png of 108 bytes, not shown]"
    assert result(IMAGES["v1"], kept=False) == "[image/png of 108 bytes, not shown]"


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ({"type": "image", "url": "https://a.example/x.png"}, "[image: https://a.example/x.png]"),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "text/csv", "extras": {}, "name": "a.csv"},
            "[text/csv 'a.csv' of 2 bytes, not shown]",
        ),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk="}}, "application/pdf of 2"),
        ({"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}, "audio/wav of 2 bytes"),
        ({"type": "image", "base64": "?", "mime_type": "image/png"}, "[image/png"),
        ({"type": "text-plain", "text": "plain"}, "plain"),
        ({"type": "search_result", "title": "T", "content": [{"type": "text", "text": "x"}]}, "T\nx"),
    ],
)
def test_other_blocks_are_named_or_read(block: dict[str, Any], line: str, result: Result) -> None:
    assert line in result([block], kept=False)


def test_data_that_only_resembles_blocks_stays_data(result: Result) -> None:
    listing = [{"type": "file", "name": "a.py", "sha": "12", "url": "https://a.example/a.py"}]

    assert result(listing) == listing
    assert result([{"type": "text"}]) == [{"type": "text"}]
    assert result(["a", "b"]) == ["a", "b"]


def test_a_message_gives_its_content_and_one_that_failed_fails(result: Result) -> None:
    assert result(ToolMessage("fine", tool_call_id="1")) == "fine"
    assert result([ToolMessage("one", tool_call_id="1"), ToolMessage("two", tool_call_id="2")]) == "one\ntwo"
    with pytest.raises(ToolError, match="^give failed: no such city$"):
        result(ToolMessage("no such city", tool_call_id="1", status="error"))


def test_a_command_to_a_graph_is_refused_since_no_graph_runs(result: Result) -> None:
    with pytest.raises(ToolError, match="give gave a Command to a LangGraph graph; no graph runs here"):
        result(Command(update={"seen": 1}))


def test_an_artifact_that_says_more_stays_beside_the_text(result: Result) -> None:
    def message(content: str | list[Any], artifact: Any) -> ToolMessage:
        return ToolMessage(content, artifact=artifact, tool_call_id="1")

    assert result(message("3 rows", {"rows": [1, 2, 3]})) == {
        "content": "3 rows",
        "artifact": {"rows": [1, 2, 3]},
    }
    assert result(message('{"rows": [1]}', {"rows": [1]})) == {"rows": [1]}
    assert result(message(["1", "2"], [1, 2])) == [1, 2]
    assert result(message("", {"a": 1})) == {"a": 1}
    assert "no data" in result(message("odd", 10**400))["artifact"]


def test_a_long_artifact_goes_to_a_file_and_leaves_the_text_whole(result: Result, tmp_path: Path) -> None:
    text = result(ToolMessage("short", artifact=list(range(10_000)), tool_call_id="1"))

    (file,) = (tmp_path / "run" / "tool-results").iterdir()
    assert text.startswith(
        "short\n[beside it: 58,890 characters of data; a list of 10,000 items; the whole is"
    )
    assert str(file) in text
    assert file.read_text().startswith("[0, 1, 2")


def test_files_beyond_the_limit_are_named(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldcraft.tools.langchain.blocks.MOST_BASE64", 200)

    text = result([IMAGES["v1"], IMAGES["v1"]])

    assert text.endswith("[image/png of 108 bytes, too large to be kept]")
    assert text.count("108 bytes, in ") == 1


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_a_tool_of_content_and_artifact_gives_both(isolation: Any, tmp_path: Path) -> None:
    @declare(isolation=isolation)
    @tool(response_format="content_and_artifact")
    def measured(n: int) -> tuple[list[dict[str, str]], list[int]]:
        """Measure."""
        return [{"type": "text", "text": f"{n} numbers"}], list(range(n))

    executor = ToolExecutor(ToolRegistry([measured]), results=tmp_path / "tool-results")

    assert executor.call("measured", {"n": 3}) == {"content": "3 numbers", "artifact": [0, 1, 2]}
    executor.close()
