"""The faults that a Minecraft run must survive, each done to a world while it is at work."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from minecraft_server import FixtureServer

from fieldcraft.envs import PrimitiveError
from fieldcraft.envs.minecraft import MinecraftWorld

NAME = "Faulty"
HIT_AFTER = 0.5


class Cable:
    """A TCP connection to a server on this machine that can be cut."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._cut_until = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, seconds: float) -> None:
        """Break what is connected, and let nothing through for a while."""
        self._cut_until = time.monotonic() + seconds
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        """Cut it for good."""
        self._listener.close()
        self.cut(0)

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            if time.monotonic() < self._cut_until:
                here.close()
                continue
            try:
                there = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                here.close()
                continue
            self._open += [here, there]
            for source, sink in ((here, there), (there, here)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()


class Rig:
    """A world at work on a server, with everything that can go wrong within reach."""

    def __init__(self, folder: Path, world: MinecraftWorld, *, cut_seconds: float = 10.0) -> None:
        self.folder = folder
        self.server = FixtureServer(folder=folder)
        self.cable = Cable(self.server.port)
        self.world = world
        self.cut_seconds = cut_seconds
        world.reset(seed=0, options={"port": self.cable.port, "username": NAME})
        self.server.ask("give", name=NAME, item="oak_log", count=3)
        time.sleep(1.5)
        world.observe()

    def node(self) -> int:
        """The process that owns the bot, inside whatever confines it."""
        pid = self.world.link.pid
        assert pid is not None
        return [pid, *descendants(pid)][-1]

    def kill_node(self) -> None:
        """As `kill -9` of the bot's process."""
        os.kill(self.node(), signal.SIGKILL)

    def stop_node(self) -> None:
        """The bot's process hangs: it answers nothing any more."""
        os.kill(self.node(), signal.SIGSTOP)

    def restart_server(self) -> None:
        """The server is killed, and started again a second later."""
        port = self.server.port
        self.server.kill()
        time.sleep(1)
        self.server.close()
        self.server = FixtureServer(port=port, folder=self.folder)

    def kick(self) -> None:
        """An operator throws the bot out."""
        self.server.ask("kick", name=NAME, reason="away with you")

    def cut(self) -> None:
        """The line between bridge and server is dead for a while."""
        self.cable.cut(self.cut_seconds)

    def die(self) -> None:
        """Something kills the bot."""
        self.server.ask("hurt", name=NAME, damage=40)

    def close(self) -> None:
        """End everything."""
        self.world.close()
        self.cable.close()
        self.server.close()


FAULTS: dict[str, tuple[Callable[[Rig], None], str]] = {
    "node killed": (Rig.kill_node, "died"),
    "server restarted": (Rig.restart_server, "back in the world"),
    "kicked": (Rig.kick, "away with you"),
    "connection cut": (Rig.cut, "back in the world"),
    "primitive that never ends": (Rig.stop_node, "did not answer"),
    "death in mid-program": (Rig.die, "you died"),
}
"""Each fault: how it is done, and what the agent is told of it."""


def strike(rig: Rig, fault: str) -> str:
    """Do one fault while a primitive is at work; what the agent is told."""
    act, _ = FAULTS[fault]
    timer = threading.Timer(HIT_AFTER, act, [rig])
    timer.start()
    try:
        rig.world.link.do("wait", seconds=3, ticks=50)
    except PrimitiveError as told:
        return str(told)
    finally:
        timer.join()
    return ""


@contextmanager
def opened(folder: Path, world: MinecraftWorld, *, cut_seconds: float = 10.0) -> Iterator[Rig]:
    """A rig, closed at the end."""
    with closing(Rig(folder, world, cut_seconds=cut_seconds)) as rig:
        yield rig


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started, parents first."""
    children: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return children + [grandchild for child in children for grandchild in descendants(child)]
