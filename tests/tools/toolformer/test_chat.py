"""A Toolformer is a LangChain chat model, and a chat model can propose the calls that one learns from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from fieldcraft.agent.models.errors import UnknownModel
from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.agent.models.providers import resolve_model
from fieldcraft.agent.models.settings import ModelSettings
from fieldcraft.agent.settings import RunSettings
from fieldcraft.tools import ToolExecutor, ToolRegistry
from fieldcraft.tools.builtin.calculator import calculator
from fieldcraft.tools.toolformer.annotation.annotate import POLICY, Annotator
from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.inference.chat import ChatProposer, ToolformerChat, note_tools, proposals_in
from fieldcraft.tools.toolformer.inference.decoding import Decoder, DecodingSettings
from fieldcraft.tools.toolformer.settings import AnnotationSettings

TEXT = "the mill has 6 rows of 7 sacks, which makes 42 sacks."


@pytest.fixture
def tools() -> Any:
    executor = ToolExecutor(ToolRegistry([calculator]), policy=POLICY)
    yield executor
    executor.close()


def test_it_answers_and_streams_as_a_chat_model(make_model: Any, tools: ToolExecutor) -> None:
    model = make_model("llama")
    chat = ToolformerChat(decoder=Decoder(model, tools, DecodingSettings(tokens=12)), show_calls=True)
    messages = [SystemMessage("the smith"), HumanMessage("has a red hat")]

    answer = chat.invoke(messages)

    (expected,) = chat.decoder.write(["the smith\nhas a red hat"])
    assert answer.text == expected.written
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == expected.tokens
    assert "".join(chunk.text for chunk in chat.stream(messages)) == expected.written
    assert "sacks" not in chat.invoke(messages, stop=["sacks"]).text
    hidden = ToolformerChat(decoder=chat.decoder)
    assert "".join(chunk.text for chunk in hidden.stream(messages)) == expected.plain


def test_a_trained_folder_is_an_agents_model_by_its_name(make_model: Any, tmp_path: Path) -> None:
    make_model("llama").save(tmp_path / "model")
    with pytest.raises(ToolformerError, match="does not say which tools it calls; give the folder `model`"):
        ToolformerChat.load(str(tmp_path / "model"))
    note_tools(tmp_path / "model", ["calculator"])

    chat = resolve_model(f"toolformer:{tmp_path / 'model'}", settings=ModelSettings(max_output_tokens=7))

    answer = chat.invoke("the mill has")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] <= 7
    with pytest.raises(UnknownModel, match="say 'toolformer:FOLDER'"):
        resolve_model("toolformer:", settings=ModelSettings())


def test_tools_of_ones_own_are_found_where_the_run_finds_them(
    make_model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own_counting.py").write_text(
        'def dozens(number: int) -> int:\n    """How many that many dozens are."""\n    return 12 * number\n'
    )
    make_model("llama").save(Path("model"))
    note_tools(Path("model"), ["calculator", "dozens"])

    with pytest.raises(ToolformerError, match=r"calls dozens, .* such as --tools my_module:dozens"):
        clients_of(RunSettings(model="toolformer:model"))
    clients = clients_of(RunSettings(model="toolformer:model", tools=("own_counting:dozens", "search")))

    chat = resolve_model("toolformer:model", settings=clients["actor"].settings)
    assert isinstance(chat, ToolformerChat)
    assert chat.decoder.tools == ("calculator", "dozens")


def test_a_tokenizers_chat_template_is_used(make_model: Any, tools: ToolExecutor) -> None:
    model = make_model("gpt2", "bytes")
    model.tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
    )
    decoder = Decoder(model, tools)
    assert decoder.chat_text([("human", "a"), ("ai", "b")]) == "<user>a<assistant>b<assistant>"


def test_a_chat_model_proposes_calls_that_are_made_and_scored(make_model: Any, tools: ToolExecutor) -> None:
    answers = [
        "the mill has 6 rows of 7 sacks, which makes [calculator(6 * 7)] 42 sacks.",
        "the mill has 6 rows of 7 sacks, [calculator(6*7)] which makes [calculator(1/0)] 42 sacks.",
        "Sure! Here it is: [calculator(6 * 7)]",
    ]
    settings = AnnotationSettings()
    proposer = ChatProposer(FakeListChatModel(responses=answers), tools.registry, settings)
    documents = [Document(number, TEXT) for number in range(3)]

    made = Annotator(make_model(), proposer, tools, settings).annotate(documents, seed=0)

    assert [[call.result for call in one.calls] for one in made] == [["42"], ["42"], []]
    assert [one.error for one in made[1].failed] == ["division by zero"]
    assert made[0].with_calls(made[0].calls) == (
        "the mill has 6 rows of 7 sacks, which makes [calculator(6 * 7) -> 42] 42 sacks."
    )


def test_an_answer_that_changes_the_text_proposes_nothing() -> None:
    assert proposals_in(TEXT.replace("mill", "barn [calculator(1)]"), Document(0, TEXT), "calculator") == []
    (first,) = proposals_in(f"[calculator(1)] {TEXT}", Document(0, TEXT), "calculator")
    assert first.place == 0
