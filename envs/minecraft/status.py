"""Asking a server what it is, as the game's server list does, before anything else is started.

Protocol: https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping (handshake, status request).
"""

from __future__ import annotations

import json
import re
import socket
from typing import Any

from pydantic import BaseModel, ConfigDict

from fieldcraft.envs.minecraft.errors import CannotPlay

TIMEOUT = 5.0
ANSWER_LIMIT = 1 << 20
_RELEASE = re.compile(r"\d+\.\d+(?:\.\d+)?")


class Announcement(BaseModel):
    """What a server says of itself. `version` is its own words, `release` the version found in them."""

    model_config = ConfigDict(frozen=True)

    version: str
    protocol: int
    players: int = 0
    most_players: int = 0

    @property
    def release(self) -> str | None:
        """The newest version of Minecraft that the server names, such as `1.20.4`."""
        found: list[str] = _RELEASE.findall(self.version)
        return found[-1] if found else None


def ask_status(host: str, port: int, *, timeout: float = TIMEOUT) -> Announcement:
    """What the server at this address announces.

    Raises:
        CannotPlay: nothing answers there, or not as a Minecraft server does.
    """
    where = f"{host}:{port}"
    try:
        with socket.create_connection((host, port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            answer = _exchange(connection, host, port)
    except socket.gaierror as error:
        raise CannotPlay(f"there is no host {host!r} ({error.strerror}); check the option host") from None
    except ConnectionRefusedError:
        raise CannotPlay(
            f"nothing listens at {where}; start the server, or check the options host and port"
        ) from None
    except TimeoutError:
        raise CannotPlay(
            f"{where} did not answer in {timeout:g} s; check host and port, and the firewall between"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotPlay(
            f"what answers at {where} is no Minecraft (Java) server ({error}); check the option port"
        ) from None
    return answer


def _exchange(connection: socket.socket, host: str, port: int) -> Announcement:
    name = host.encode()
    handshake = b"\x00" + _varint(-1) + _varint(len(name)) + name + port.to_bytes(2, "big") + b"\x01"
    connection.sendall(_varint(len(handshake)) + handshake + b"\x01\x00")
    length = _read_varint(connection)
    if not 2 < length <= ANSWER_LIMIT:
        raise ValueError("a strange answer")
    body = _read(connection, length)
    start = body.find(b"{")
    if body[:1] != b"\x00" or not 0 < start < 7:
        raise ValueError("a strange answer")
    return _announcement(json.loads(body[start:]))


def _announcement(status: dict[str, Any]) -> Announcement:
    players = status.get("players") or {}
    return Announcement(
        version=str(status["version"]["name"])[:100],
        protocol=int(status["version"]["protocol"]),
        players=int(players.get("online", 0)),
        most_players=int(players.get("max", 0)),
    )


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFF
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _read_varint(connection: socket.socket) -> int:
    value = 0
    for shift in range(0, 35, 7):
        byte = _read(connection, 1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise ValueError("a strange answer")


def _read(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise ValueError("it hung up")
        data += part
    return bytes(data)
