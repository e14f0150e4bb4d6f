"""An MCP server as a process of ours: its messages, its last words, and its certain end."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from fieldcraft.common.data import DataError
from fieldcraft.common.redaction import redact
from fieldcraft.common.text import decoded, visible_line
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.mcp.messages import LARGEST_MESSAGE, read_message, refusal_of
from fieldcraft.tools.sources.settings import McpServer, filled

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
    from mcp.client._transport import TransportStreams
    from mcp_types import JSONRPCMessage

    FromServer = MemoryObjectSendStream[SessionMessage | Exception]
    ToServer = MemoryObjectReceiveStream[SessionMessage]

MOST_JUNK = 10_000
"""Lines that are no messages; a server that writes more is ended."""
POLITE_SECONDS = 2.0
"""How long a server may take to end once its input is closed, and again once it is asked to by a signal."""
_LAST_WORDS = 4_000
_BETWEEN_LOOKS = 0.01


@dataclass
class Witness:
    """What is known of a server's process.

    Attributes:
        process: `None` before it was started.
        over: its output has ended; no answer will come any more.
        last_words: the end of what it wrote to its standard error.
        junk: how many lines of its standard output were no messages.
        first_junk: the first of them, cut.
        too_long: it sent a message beyond the limit.
        refusal: how a server elsewhere refused the last request, such as `401 Unauthorized`.
    """

    process: asyncio.subprocess.Process | None = None
    over: bool = False
    last_words: bytearray = field(default_factory=bytearray)
    junk: int = 0
    first_junk: str = ""
    too_long: bool = False
    refusal: str = ""

    @property
    def hung_up(self) -> bool:
        """Whether no answer will come any more, though the event loop may not have read that yet."""
        if self.over or self.process is None:
            return self.over
        # In this order: a process that is buried between the two looks has closed its output.
        return _is_ending(self.process) or _nobody_writes(self.process)

    async def ended(self, seconds: float) -> bool:
        """Whether the process ends within `seconds`."""
        return self.process is not None and await _exits(self.process, seconds)

    def account(self) -> str:
        """How it ended and what it said, to be put behind a message; empty where nothing is known."""
        parts = []
        code = None if self.process is None else self.process.returncode
        if code is not None:
            parts.append(f"it was ended by signal {-code}" if code < 0 else f"it exited with code {code}")
        if self.too_long:
            parts.append(f"it sent a message of more than {LARGEST_MESSAGE:,} bytes")
        lines = [
            visible_line(line, 600) for line in decoded(bytes(self.last_words)).strip().splitlines()[-5:]
        ]
        if lines:
            parts.append(f"it last said: {redact(' / '.join(lines))[-600:]}")
        if self.junk:
            parts.append(
                f"what it wrote to standard output was no message, such as {self.first_junk!r} "
                "(a server's log belongs on standard error)"
            )
        return "; ".join(parts)


@asynccontextmanager
async def running(server: McpServer, witness: Witness) -> AsyncIterator[TransportStreams]:
    """Start the server, and end it with everything it started.

    Raises:
        BrokenTool: it cannot be started.
    """
    process = witness.process = await _start(server)
    from_server, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, to_server = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        group.start_soon(_read_messages, process, from_server, witness)
        group.start_soon(_write_messages, process, to_server, from_server)
        group.start_soon(_hear_last_words, process, witness)
        try:
            yield read, write
        finally:
            with anyio.CancelScope(shield=True):
                read.close()
                write.close()
                await _end(process)
            group.cancel_scope.cancel()


async def _start(server: McpServer) -> asyncio.subprocess.Process:
    command = filled(server.command or "")
    arguments = [filled(argument) for argument in server.args]
    environment = get_default_environment() | {name: filled(value) for name, value in server.env.items()}
    if server.cwd is None and shutil.which(command, path=environment.get("PATH")) is None:
        raise BrokenTool(f"there is no program {command!r}; install it, or give its whole path")
    try:
        return await asyncio.create_subprocess_exec(
            command,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=server.cwd,
            start_new_session=True,
            limit=LARGEST_MESSAGE,
        )
    except (OSError, ValueError) as error:
        raise BrokenTool(f"{command!r} cannot be started: {error}") from error


async def _read_messages(
    process: asyncio.subprocess.Process, from_server: FromServer, witness: Witness
) -> None:
    assert process.stdout is not None
    async with from_server:
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            while witness.junk < MOST_JUNK and (line := await _line(process.stdout, witness)):
                message = _message(line)
                if message is not None:
                    await from_server.send(SessionMessage(message))
                elif line.strip():
                    witness.junk += 1
                    witness.first_junk = witness.first_junk or visible_line(
                        redact(decoded(line[:2_000])), 100
                    )
        witness.over = True


def _message(line: bytes) -> JSONRPCMessage | None:
    """The message on a line; an error in the place of an answer that is too much; `None` where it is none."""
    try:
        value = read_message(line)
    except DataError as error:
        value = refusal_of(line, error)
    try:
        return None if value is None else jsonrpc_message_adapter.validate_python(value, by_name=False)
    except ValueError:
        return None


async def _line(stream: asyncio.StreamReader, witness: Witness) -> bytes:
    """The next line; nothing at the end, or where it is too long to be one."""
    try:
        return await stream.readline()
    except ValueError:
        witness.too_long = True
        return b""


def _nobody_writes(process: asyncio.subprocess.Process) -> bool:
    """Whether its output is closed at every other end; asked of the kernel, which knows it first."""
    output = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    if output is None or output.is_closing():
        return True
    if not hasattr(select, "poll"):  # Windows, where the end of the output has to do
        return False
    look = select.poll()
    look.register(output.get_extra_info("pipe"), 0)
    return any(found & select.POLLHUP for _, found in look.poll(0))


def _is_ending(process: asyncio.subprocess.Process) -> bool:
    """Whether its main thread has ended; its other threads may hold its output a moment longer."""
    if process.returncode is not None:
        return False
    try:
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state in {"Z", "X"}


async def _write_messages(
    process: asyncio.subprocess.Process, to_server: ToServer, from_server: FromServer
) -> None:
    assert process.stdin is not None
    try:
        async with to_server:
            async for message in to_server:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()
    except OSError:
        await from_server.aclose()


async def _hear_last_words(process: asyncio.subprocess.Process, witness: Witness) -> None:
    assert process.stderr is not None
    while words := await process.stderr.read(1 << 16):
        witness.last_words += words
        del witness.last_words[:-_LAST_WORDS]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, wait, ask, and at last kill what is left of its process group."""
    assert process.stdin is not None
    process.stdin.close()
    if not await _exits(process, POLITE_SECONDS):
        _signal_group(process, kill=False)
        await _exits(process, POLITE_SECONDS)
    _signal_group(process, kill=True)
    await _exits(process, POLITE_SECONDS)
    # A descendant that left the group may hold the pipes; asyncio would wait for it.
    process._transport.close()  # type: ignore[attr-defined]


def _signal_group(process: asyncio.subprocess.Process, *, kill: bool) -> None:
    """Ask its process group to end, or kill it; the process alone where the system has no groups."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        elif process.returncode is None:
            process.kill()


async def _exits(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether it ends in time; `Process.wait` waits for its pipes too, which a descendant may hold."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:
            await anyio.sleep(_BETWEEN_LOOKS)
    return process.returncode is not None
