"""An MCP server as a child process: its messages, its error output, and its reliable end."""

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
from fieldcraft.common.secrets.redaction import redact
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
"""The most lines that are not messages; a server that writes more is ended."""
POLITE_SECONDS = 2.0
"""Seconds that a server has to end after its input is closed, and again after a signal."""
_KEPT_OUTPUT = 4_000
_BETWEEN_LOOKS = 0.01


@dataclass
class ServerStatus:
    """The status of a server's process.

    Attributes:
        process: the process; `None` before it was started.
        over: its output has ended, so no further answer can come.
        last_output: the end of its standard error.
        junk: how many lines of its standard output were not messages.
        first_junk: the first of these lines, cut.
        too_long: it sent a message beyond the limit.
        refusal: how a remote server refused the last request, such as `401 Unauthorized`.
    """

    process: asyncio.subprocess.Process | None = None
    over: bool = False
    last_output: bytearray = field(default_factory=bytearray)
    junk: int = 0
    first_junk: str = ""
    too_long: bool = False
    refusal: str = ""

    @property
    def hung_up(self) -> bool:
        """Whether no further answer can come, even if the event loop has not read the end yet."""
        if self.over or self.process is None:
            return self.over
        # In this order: a process that is reaped between the two checks has closed its output.
        return _is_ending(self.process) or _output_is_closed(self.process)

    async def ended(self, seconds: float) -> bool:
        """Whether the process ends within `seconds`."""
        return self.process is not None and await _exits(self.process, seconds)

    def description(self) -> str:
        """How the server ended and its last output, to append to a message; empty if nothing is known."""
        parts = []
        code = None if self.process is None else self.process.returncode
        if code is not None:
            parts.append(f"it was ended by signal {-code}" if code < 0 else f"it exited with code {code}")
        if self.too_long:
            parts.append(f"it sent a message of more than {LARGEST_MESSAGE:,} bytes")
        lines = [
            visible_line(line, 600) for line in decoded(bytes(self.last_output)).strip().splitlines()[-5:]
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
async def running(server: McpServer, status: ServerStatus) -> AsyncIterator[TransportStreams]:
    """Start the server, and end it with everything it started.

    Raises:
        BrokenTool: it cannot be started.
    """
    process = status.process = await _start(server)
    from_server, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, to_server = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        group.start_soon(_read_messages, process, from_server, status)
        group.start_soon(_write_messages, process, to_server, from_server)
        group.start_soon(_read_error_output, process, status)
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
    process: asyncio.subprocess.Process, from_server: FromServer, status: ServerStatus
) -> None:
    assert process.stdout is not None
    async with from_server:
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            while status.junk < MOST_JUNK and (line := await _line(process.stdout, status)):
                message = _message(line)
                if message is not None:
                    await from_server.send(SessionMessage(message))
                elif line.strip():
                    status.junk += 1
                    status.first_junk = status.first_junk or visible_line(redact(decoded(line[:2_000])), 100)
        status.over = True


def _message(line: bytes) -> JSONRPCMessage | None:
    """The message on a line; an error for an answer that exceeds a limit; `None` if it is not a message."""
    try:
        value = read_message(line)
    except DataError as error:
        value = refusal_of(line, error)
    try:
        return None if value is None else jsonrpc_message_adapter.validate_python(value, by_name=False)
    except ValueError:
        return None


async def _line(stream: asyncio.StreamReader, status: ServerStatus) -> bytes:
    """Read the next line; empty at the end, or if the line is too long."""
    try:
        return await stream.readline()
    except ValueError:
        status.too_long = True
        return b""


def _output_is_closed(process: asyncio.subprocess.Process) -> bool:
    """Whether all writers of its output have gone; uses poll(POLLHUP), which reports earlier than EOF."""
    output = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    if output is None or output.is_closing():
        return True
    if not hasattr(select, "poll"):  # Windows, where the end of the output has to do
        return False
    look = select.poll()
    look.register(output.get_extra_info("pipe"), 0)
    return any(found & select.POLLHUP for _, found in look.poll(0))


def _is_ending(process: asyncio.subprocess.Process) -> bool:
    """Whether its main thread has ended; other threads may keep its output open a moment longer."""
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


async def _read_error_output(process: asyncio.subprocess.Process, status: ServerStatus) -> None:
    assert process.stderr is not None
    while words := await process.stderr.read(1 << 16):
        status.last_output += words
        del status.last_output[:-_KEPT_OUTPUT]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, wait, send SIGTERM, and finally kill the rest of its process group."""
    assert process.stdin is not None
    process.stdin.close()
    if not await _exits(process, POLITE_SECONDS):
        _signal_group(process, kill=False)
        await _exits(process, POLITE_SECONDS)
    _signal_group(process, kill=True)
    await _exits(process, POLITE_SECONDS)
    # A descendant that left the group may keep the pipes open; asyncio would wait for it.
    process._transport.close()  # type: ignore[attr-defined]


def _signal_group(process: asyncio.subprocess.Process, *, kill: bool) -> None:
    """Ask its process group to end, or kill it; the process alone where the system has no groups."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        elif process.returncode is None:
            process.kill()


async def _exits(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether it ends in time; `Process.wait` also waits for its pipes, which a descendant may keep open."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:
            await anyio.sleep(_BETWEEN_LOOKS)
    return process.returncode is not None
