"""The offline model: a rule-based programmer with search, in its own process."""

from __future__ import annotations

import compileall
import json
import subprocess
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, model_validator
from typing_extensions import override

from fieldcraft.agent.models.errors import ModelUnavailable
from fieldcraft.agent.models.offline.forked import forked_script

_BRAIN = Path(__file__).parent / "programmer" / "__main__.py"
_MODULE = "programmer.brain"
_ROLES = {"human": "user", "ai": "assistant"}


class OfflineChatModel(BaseChatModel):
    """Answers each call in a new process that gets only the messages.

    The process is a copy of one that has read the script's modules and never any message
    (`ForkedScript`), and ends with its answer: nothing can reach one call from another. It reads
    `[{"role": ..., "text": ...}]` as JSON and writes `{"text": ...}`.
    """

    script: Path = _BRAIN
    timeout: float = Field(default=60.0, gt=0, description="seconds of wall time for one call")

    @model_validator(mode="after")
    def _compile(self) -> OfflineChatModel:
        """Compile the script's folder once, since the processes themselves write no bytecode."""
        if self.script == _BRAIN:
            compileall.compile_dir(self.script.parent, maxlevels=0, quiet=2)
        return self

    @property
    def _llm_type(self) -> str:
        return "offline"

    @override
    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        said = [
            {"role": _ROLES.get(message.type, message.type), "text": message.text} for message in messages
        ]
        text = self._think(json.dumps(said).encode())
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def _think(self, question: bytes) -> str:
        """Run the process.

        Raises:
            ModelUnavailable: it failed, took too long, or gave an invalid answer. It is deterministic, so a
                retry would not help.
        """
        try:
            modules = (_MODULE,) if self.script == _BRAIN else ()
            process = forked_script(self.script, modules).run(question, self.timeout)
        except subprocess.TimeoutExpired as error:
            raise ModelUnavailable(
                f"the offline model did not answer within {self.timeout:g} s; raise the model's timeout"
            ) from error
        except OSError as error:
            raise ModelUnavailable(f"the offline model's process cannot be started: {error}") from error
        if process.returncode:
            last = process.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise ModelUnavailable(f"the offline model failed (exit {process.returncode}): {last[0][:500]}")
        try:
            text = json.loads(process.stdout)["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelUnavailable(f"the offline model wrote no answer: {process.stdout[:200]!r}") from error
        if not isinstance(text, str):
            raise ModelUnavailable(f"the offline model answered with {type(text).__name__}, not text")
        return text
