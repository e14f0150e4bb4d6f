"""Asking a server what it is, as the game's server list does, before anything else is started.

Protocol: https://minecraft.wiki/w/Java_Edition_protocol/Server_List_Ping (handshake, status request).
"""

from __future__ import annotations

import re
import socket
import time
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.text import visible_line
from fieldcraft.envs.minecraft.errors import CannotPlay

TIMEOUT, ANSWER_SECONDS = 5.0, 15.0
"""Seconds without a byte, and for the whole answer."""

LIMITS = Limits(size=1 << 20, items=20_000)
VERSION_LIMIT, PROBLEM_LIMIT = 100, 200
_RELEASE = re.compile(r"\d{1,4}\.\d{1,4}(?:\.\d{1,4})?", re.ASCII)
STRANGE = "a strange answer"


def _count(value: Any) -> int:
    """How many players a server says there are; anything but a sensible number is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else 0


class Announcement(BaseModel):
    """What a server says of itself. `version` is its own words, `release` the version found in them."""

    model_config = ConfigDict(frozen=True)

    version: Annotated[str, BeforeValidator(lambda text: visible_line(text, VERSION_LIMIT))]
    protocol: int = Field(ge=-(1 << 31), lt=1 << 31)
    players: Annotated[int, BeforeValidator(_count)] = 0
    most_players: Annotated[int, BeforeValidator(_count)] = 0

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
    except (OSError, ValueError) as error:
        raise CannotPlay(
            f"what answers at {where} is no Minecraft (Java) server "
            f"({visible_line(error, PROBLEM_LIMIT)}); check the option port"
        ) from None
    return answer


def _exchange(connection: socket.socket, host: str, port: int) -> Announcement:
    name = host.encode()
    handshake = b"\x00" + _varint(-1) + _varint(len(name)) + name + port.to_bytes(2, "big") + b"\x01"
    connection.sendall(_varint(len(handshake)) + handshake + b"\x01\x00")
    deadline = time.monotonic() + ANSWER_SECONDS
    length = _read_varint(connection, deadline)
    if not 2 < length <= LIMITS.size:
        raise ValueError(STRANGE)
    body = _read(connection, length, deadline)
    start = body.find(b"{")
    if body[:1] != b"\x00" or not 0 < start < 7:
        raise ValueError(STRANGE)
    try:
        return read_announcement(body[start:])
    except DataError as error:
        raise ValueError(f"{STRANGE}: {error}") from None


def read_announcement(data: bytes) -> Announcement:
    """What a server's status says, a JSON object.

    Raises:
        ValueError: it is none, or without a version.
    """
    status = _part(read_json(data, LIMITS))
    version, players = _part(status.get("version")), _part(status.get("players"))
    if not version.get("name") or not isinstance(version.get("protocol"), int):
        raise ValueError("it names no version")
    return Announcement(
        version=version["name"],
        protocol=version["protocol"],
        players=players.get("online", 0),
        most_players=players.get("max", 0),
    )


def _part(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFF
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _read_varint(connection: socket.socket, deadline: float) -> int:
    value = 0
    for shift in range(0, 35, 7):
        byte = _read(connection, 1, deadline)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise ValueError(STRANGE)


def _read(connection: socket.socket, length: int, deadline: float) -> bytes:
    data = bytearray()
    while len(data) < length:
        if time.monotonic() > deadline:
            raise ValueError(f"no whole answer in {ANSWER_SECONDS:g} s")
        part = connection.recv(length - len(data))
        if not part:
            raise ValueError("it hung up")
        data += part
    return bytes(data)
