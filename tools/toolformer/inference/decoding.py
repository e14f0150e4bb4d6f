"""Writing on with calls: opened where their token is among the k likeliest, run at `->`, and read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.tools.calls.executor import ToolExecutor
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.toolformer.annotation.executing import CallRunner, in_world_of
from fieldcraft.tools.toolformer.annotation.sampling import complete
from fieldcraft.tools.toolformer.lm.model import LanguageModel
from fieldcraft.tools.toolformer.lm.stepping import Reader
from fieldcraft.tools.toolformer.syntax import text

logger = logging.getLogger(__name__)


class DecodingSettings(BaseModel):
    """How a Toolformer writes.

    Attributes:
        k: a call is opened where its token is among the k likeliest; 0 disables calls.
        calls: in one text, at most.
        tokens: written at most, calls and results included.
        longest_call: tokens of a call; a longer one is left as it stands.
        longest_result: characters of a result.
        stop: texts at which to stop; what comes after them is not written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k: int = Field(default=10, ge=0)
    calls: int = Field(default=1, ge=0)
    tokens: int = Field(default=100, ge=1)
    longest_call: int = Field(default=60, ge=4)
    longest_result: int = Field(default=300, ge=8)
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeCall:
    """A call that was made while writing: with a `result`, or why there is none."""

    name: str
    arguments: str
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Decoded:
    """What was written.

    Attributes:
        written: with calls and results.
        plain: without them.
        calls: in order.
        tokens: how many were written.
    """

    written: str
    plain: str
    calls: tuple[MadeCall, ...]
    tokens: int


@dataclass
class _Row:
    """One text in the making.

    Attributes:
        waiting: tokens that come next whatever the model says: a result, or the rest of an opening.
        opened: where the call in progress begins in `ids`, its opening aside, or `None`.
        spans: where the calls that were made stand in `ids`, openings and results with them.
    """

    prompt: tuple[int, ...]
    day: str | None
    ids: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    calls: list[MadeCall] = field(default_factory=list)
    opened: int | None = None
    opens: int = 0
    spans: list[range] = field(default_factory=list)
    done: bool = False


class Decoder:
    """A Toolformer at work.

    Args:
        model: one that was fine-tuned on texts with calls.
        executor: makes the calls. Its policy limits them too, each text being a task.
        settings: as `DecodingSettings` says.
    """

    def __init__(
        self, model: LanguageModel, executor: ToolExecutor, settings: DecodingSettings | None = None
    ) -> None:
        self.settings = settings or DecodingSettings()
        self._model = model
        self._executor = executor
        self._runner = CallRunner(executor, longest=self.settings.longest_result)

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that it can call."""
        return tuple(self._executor.names())

    def with_settings(self, **changes: Any) -> Decoder:
        """The same with other settings."""
        values = {**self.settings.model_dump(), **changes}
        return Decoder(self._model, self._executor, DecodingSettings.model_validate(values))

    def write(self, prompts: Sequence[str], days: Sequence[str | None] = ()) -> list[Decoded]:
        """Go on with each prompt, the likeliest token each time.

        Args:
            prompts: texts; the end of a longer one than fits is read.
            days: for each prompt the day that the calendar says, where it is not today.
        """
        rows = [self._row(prompt, day) for prompt, day in _with_days(prompts, days)]

        def work(batch: Sequence[_Row]) -> list[Decoded]:
            fresh = [_Row(row.prompt, row.day) for row in batch]
            for _ in self._steps(fresh):
                pass
            return [self._decoded(row) for row in fresh]

        return self._model.batches.map(work, rows, length=lambda row: len(row.prompt))

    def stream(
        self, prompt: str, day: str | None = None, on_call: Callable[[MadeCall], None] = lambda _: None
    ) -> Iterator[str]:
        """Go on with one prompt; pieces of text as they are written, calls and results among them.

        At the end `on_call` is called with each call that was made.
        """
        row, shown = self._row(prompt, day), ""
        for _ in self._steps([row]):
            now = self._text(row)
            if len(now) > len(shown) and not now.endswith("\N{REPLACEMENT CHARACTER}"):
                yield now[len(shown) :]
                shown = now
        if (rest := self._text(row)[len(shown) :]) != "":
            yield rest
        for call in row.calls:
            on_call(call)

    def tokens_of(self, prompt: str) -> int:
        """How many tokens a text is."""
        return len(self._model.encode(prompt).ids)

    def chat_text(self, messages: Sequence[tuple[str, str]]) -> str:
        """Messages (who, and what they said) as one text, by the chat template where there is one."""
        tokenizer = self._model.tokenizer
        if getattr(tokenizer, "chat_template", None):
            roles = {"human": "user", "ai": "assistant"}
            turns = [{"role": roles.get(who, who), "content": said} for who, said in messages]
            return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        return "\n".join(said for _, said in messages)

    def _row(self, prompt: str, day: str | None) -> _Row:
        context = self._model.context
        room = max(1, context - len(self._model.start) - min(self.settings.tokens, context // 2))
        ids = self._model.encode(prompt).ids
        if len(ids) > room:
            logger.warning("a prompt of %d tokens is longer than the %d that fit", len(ids), room)
        read = (*self._model.start, *ids[-room:])
        return _Row(read or (self._model.padding,), day)

    def _decoded(self, row: _Row) -> Decoded:
        around = [
            token for place, token in enumerate(row.ids) if not any(place in span for span in row.spans)
        ]
        plain = text.strip(self._cut(self._model.decode(around)), self._executor.names())
        return Decoded(self._text(row), plain, tuple(row.calls), len(row.ids))

    def _text(self, row: _Row) -> str:
        return self._cut(self._model.decode(row.ids))

    def _cut(self, written: str) -> str:
        ends = [place for mark in self.settings.stop if (place := written.find(mark)) >= 0]
        return written[: min(ends)] if ends else written

    def _steps(self, rows: Sequence[_Row]) -> Iterator[None]:
        """Write one token of each row a step, until all are done; every row is fed at every step."""
        reader = Reader(self._model, [row.prompt for row in rows])
        while True:
            logits = reader.logits
            tokens = [self._next(row, logits[place]) for place, row in enumerate(rows)]
            yield
            if all(row.done for row in rows):
                return
            reader.read(tokens)

    def _next(self, row: _Row, logits: Any) -> int:
        """The next token of a row, which is appended to it; any token where the row is done."""
        if row.done:
            return self._model.padding
        token = row.waiting.pop(0) if row.waiting else self._choose(row, logits)
        if token == self._model.tokenizer.eos_token_id:
            row.done = True
            return token
        row.ids.append(token)
        if row.opened is not None and not row.waiting and len(row.ids) > row.opened:
            self._follow_call(row, row.opened)
        full = len(row.ids) >= self.settings.tokens
        full = full or len(row.prompt) + len(row.ids) >= self._model.context
        row.done = full or (row.opened is None and not row.waiting and self._at_stop(row))
        return token

    def _choose(self, row: _Row, logits: Any) -> int:
        if row.opened is not None:
            return int(logits.argmax())
        opening = self._model.opening
        if row.opens < min(self.settings.calls, self.settings.calls * self.settings.k):
            likelier = int((logits > logits[opening[0]]).sum())
            if likelier < self.settings.k:
                row.opens += 1
                row.waiting = list(opening[1:])
                row.opened = len(row.ids) + len(opening)
                return int(opening[0])
            return int(logits.argmax())
        before = [*row.prompt, *row.ids][-(len(opening) - 1) :] if len(opening) > 1 else []
        if before == list(opening[:-1]):
            logits = logits.clone()
            logits[opening[-1]] = float("-inf")
        return int(logits.argmax())

    def _follow_call(self, row: _Row, opened: int) -> None:
        """Run the call in progress where it waits for its result; leave it where it will never."""
        written = self._model.decode(row.ids[opened:])
        call = text.unfinished(f"[{written}")
        if call is not None:
            made = self._made(call, row.day)
            row.calls.append(made)
            shown = text.write(text.InlineCall("f", "", made.result or ""))
            row.waiting = list(self._model.encode(shown.partition(text.ARROW)[2]).ids)
            end = len(row.ids) + len(row.waiting)
            row.spans.append(range(opened - len(self._model.opening), end))
            row.opened = None
        elif complete(written) or len(row.ids) - opened >= self.settings.longest_call:
            row.opened = None

    def _made(self, call: text.InlineCall, day: str | None) -> MadeCall:
        try:
            with in_world_of(self._executor, day):
                self._executor.begin_task()
                result = self._runner.run(call.name, call.arguments)
        except ToolError as error:
            return MadeCall(call.name, call.arguments, error=str(error))
        return MadeCall(call.name, call.arguments, result=result)

    def _at_stop(self, row: _Row) -> bool:
        if not self.settings.stop:
            return False
        written = self._model.decode(row.ids)
        return any(mark in written for mark in self.settings.stop)


def _with_days(prompts: Sequence[str], days: Sequence[str | None]) -> Iterator[tuple[str, str | None]]:
    return zip(prompts, days or [None] * len(prompts), strict=True)
