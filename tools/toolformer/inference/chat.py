"""A Toolformer as a LangChain chat model, an agent's for one; and a chat model that proposes calls."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict

from fieldcraft.common.data import read_json
from fieldcraft.common.files import Folder, read_file
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.tools.announced import available
from fieldcraft.tools.builtin.corpus import Corpora
from fieldcraft.tools.calls.executor import ToolExecutor
from fieldcraft.tools.context import ToolContext
from fieldcraft.tools.loading import load_tools
from fieldcraft.tools.registry import ToolRegistry
from fieldcraft.tools.sources.settings import ToolSources
from fieldcraft.tools.toolformer.annotation.documents import Document
from fieldcraft.tools.toolformer.annotation.prompting import prompt
from fieldcraft.tools.toolformer.annotation.sampling import Proposal, worth_a_look
from fieldcraft.tools.toolformer.errors import ToolformerError
from fieldcraft.tools.toolformer.inference.decoding import Decoder, DecodingSettings, MadeCall
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.settings import AnnotationSettings
from fieldcraft.tools.toolformer.syntax import text

_NOTE = "toolformer.json"
_NOTE_LIMIT = 100_000


class ToolformerChat(BaseChatModel):
    """Writes on after the messages, calling tools as it writes.

    Messages become one text: by the tokenizer's chat template where it has one, else one after the other,
    each on its own lines.

    Attributes:
        decoder: what writes.
        show_calls: leave calls and results in the answer; else they are only in `response_metadata`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    decoder: Decoder
    show_calls: bool = False

    @classmethod
    def load(
        cls,
        folder: Path | str,
        *,
        tools: Sequence[str] | None = None,
        tokens: int | None = None,
        corpus: Sequence[str] = (),
        offered: Sequence[str] = (),
        sources: ToolSources | None = None,
    ) -> ToolformerChat:
        """A trained Toolformer with tools.

        Args:
            folder: of the model.
            tools: their names; by default those that `train` noted beside the model, of those that are
                announced, of `offered`, and of what `sources` give.
            tokens: written at most, calls and results included.
            corpus: folders, `.jsonl` and `.zim` files in which `search` looks.
            offered: further tools, as `load_tools` takes them, such as `module:function`.
            sources: MCP servers and OpenAPI documents, opened where a tool is not available otherwise.

        Raises:
            ToolformerError: there is no such model, or nobody says which tools are its or where one is from.
        """
        folder = Path(folder)
        registry = load_tools(tools) if tools is not None else _its_tools(folder, offered, sources)
        settings = DecodingSettings(tokens=tokens or DecodingSettings().tokens)
        context = ToolContext(corpus=Corpora(corpus) if corpus else None, redact=redact)
        executor = ToolExecutor(registry, context=context)
        weakref.finalize(executor, registry.close)
        return cls(decoder=Decoder(LanguageModel.load(folder), executor, settings))

    @property
    def _llm_type(self) -> str:
        return "toolformer"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - LangChain's signature
        **_: Any,
    ) -> ChatResult:
        read = self._text(messages)
        (made,) = self._stopping(stop).write([read])
        answer = AIMessage(
            content=made.written if self.show_calls else made.plain,
            response_metadata={"calls": [_shown(call) for call in made.calls]},
            usage_metadata={
                "input_tokens": (read_tokens := self.decoder.tokens_of(read)),
                "output_tokens": made.tokens,
                "total_tokens": read_tokens + made.tokens,
            },
        )
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """Calls stream as they are written; without `show_calls` the text around them comes at the end."""
        decoder, read = self._stopping(stop), self._text(messages)
        pieces = decoder.stream(read) if self.show_calls else [decoder.write([read])[0].plain]
        for piece in pieces:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager is not None:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk

    def _stopping(self, stop: Sequence[str] | None) -> Decoder:
        return self.decoder.with_settings(stop=tuple(stop)) if stop else self.decoder

    def _text(self, messages: Sequence[BaseMessage]) -> str:
        return self.decoder.chat_text([(message.type, message.text) for message in messages])


def note_tools(folder: Path, names: Sequence[str]) -> None:
    """Note beside a model which tools it learnt to call.

    Raises:
        ToolformerError: it cannot be written.
    """
    try:
        with Folder.open(folder) as opened:
            opened.write(_NOTE, json.dumps({"tools": list(names)}).encode(), sync=False)
    except OSError as error:
        raise ToolformerError(f"{error}; remove it, or name another folder with --into") from error


def _its_tools(folder: Path, offered: Sequence[str], sources: ToolSources | None) -> ToolRegistry:
    """The tools that a model learnt to call."""
    names, known = _noted(folder), available()
    announced = [name for name in names if name in known]
    if len(announced) == len(names):
        return load_tools(names)
    registry = load_tools([*announced, *offered], sources)
    if lacking := [name for name in names if name not in registry]:
        registry.close()
        raise ToolformerError(
            f"{folder} calls {' and '.join(lacking)}, which no tool here is; say where it is from, such as "
            f"--tools my_module:{lacking[0]}"
        )
    return registry.select(names)


def _noted(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise ToolformerError(f"there is no folder {folder}; give the `model` that `toolformer train` wrote")
    try:
        return [str(name) for name in read_json(read_file(folder / _NOTE, limit=_NOTE_LIMIT))["tools"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolformerError(
            f"{folder} does not say which tools it calls; give the folder `model` that "
            "`fieldcraft toolformer train` wrote"
        ) from error


def _shown(call: MadeCall) -> Mapping[str, str | None]:
    return vars(call)


class ChatProposer:
    """A chat model proposes the calls, in place of the model that is trained.

    What it answers must be the text with calls in it; an answer that changes the text is left out.

    Args:
        model: any LangChain chat model.
        registry: the tools.
        settings: examples, prompts, heuristics and how many places; tau_s says nothing here.
    """

    def __init__(self, model: BaseChatModel, registry: ToolRegistry, settings: AnnotationSettings) -> None:
        self._model = model
        self._registry = registry
        self._settings = settings

    def propose(self, documents: Sequence[Document], seed: int) -> list[Proposal]:  # noqa: ARG002
        """As `Proposer.propose`; the seed says nothing to a chat model."""
        found: dict[Proposal, None] = {}
        for name in self._registry.names():
            settings = self._settings.of(name)
            for document in documents:
                if worth_a_look(document, settings):
                    asked = prompt(name, self._registry.get(name), settings, document.text)
                    answer = self._model.invoke([HumanMessage(asked)]).text
                    proposed = proposals_in(answer, document, name)[: settings.positions]
                    found.update(dict.fromkeys(proposed))
        return list(found)


def proposals_in(answer: str, document: Document, name: str) -> list[Proposal]:
    """The calls that an answer puts into a document; none where it changes anything else."""
    answered = answer.strip()
    if text.strip(answered, {name}).strip() != document.text.strip():
        return []
    found = []
    for call in text.find(answered, {name}):
        before = text.strip(answered[: call.start], {name}).rstrip(" ")
        found.append(Proposal(document.number, len(before), name, call.call.arguments, 1.0))
    return found
