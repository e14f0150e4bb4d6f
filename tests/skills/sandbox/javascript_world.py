"""A small world that runs JavaScript programs beside its primitives, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fieldcraft.envs import Environment, EnvironmentSpec, Observation, PrimitiveError, Progress, primitive
from fieldcraft.envs.programs import CallBack, ProgramReport, ProgramRequest

NODE = shutil.which("node")


class JavaScriptWorld(Environment):
    """What `say` and `chat` were told is in `heard`."""

    def __init__(self) -> None:
        if NODE is None:
            from machine import lacking

            lacking("Node.js")
        self.spec = EnvironmentSpec(
            id="javascript-v1", description="", languages=("python", "javascript"), failure_limit=3
        )
        self.heard: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        self.cancelled = False

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        return self.observe()

    def observe(self) -> Observation:
        return Observation(tick=len(self.heard))

    def progress(self) -> Progress:
        return Progress()

    @primitive
    def say(self, text: str) -> int:
        """Say something; how much was said."""
        if not text:
            raise PrimitiveError("nothing to say")
        self.heard.append(text)
        return len(self.heard)

    def run_program(self, request: ProgramRequest, call_back: CallBack) -> ProgramReport:
        self.cancelled = False
        command = [str(NODE), str(Path(__file__).with_name("javascript_world.js"))]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            self.process = process
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps({"request": request.model_dump()}), file=process.stdin, flush=True)
            for line in process.stdout:
                message = json.loads(line)
                if "report" in message:
                    report = ProgramReport.model_validate(message["report"])
                    self.heard += [json.loads(call.arguments) for call in report.calls]
                    return report
                print(self._answer(message, call_back), file=process.stdin, flush=True)
        stopped = "cancelled" if self.cancelled else "crashed"
        return ProgramReport.model_validate({"stopped": stopped, "detail": "node ended"})

    def program_reference(self) -> str:
        return "`bot.chat(text)` says something."

    def cancel_program(self) -> None:
        self.cancelled = True
        if self.process is not None:
            self.process.kill()

    def _answer(self, message: Mapping[str, Any], call_back: CallBack) -> str:
        try:
            return json.dumps({"value": call_back(message["call"], message["arguments"])})
        except PrimitiveError as error:
            return json.dumps({"error": str(error)})
