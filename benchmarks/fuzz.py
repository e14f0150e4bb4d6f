"""A million hostile frames at the host's frame reader, and whole conversations at the host. Prints JSON.

python benchmarks/fuzz.py                     1,000,000 frames
python benchmarks/fuzz.py --frames 50000 --seed 4
python benchmarks/fuzz.py --quick             10,000 frames

Every frame that the reader accepts must be valid by the rules as _frame_rules.py writes them down once more,
and must say exactly what its line says; every valid frame must be accepted. In a conversation a worker that
may say anything is served by the host as programs are; only the calls that it validly asked for, in order,
may reach the world. The exit code is 1 where anything of this fails.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import socket
import sys
import time
from collections import Counter as Tally
from typing import Any, NoReturn

from _frame_rules import same, valid_content
from _hostile_frames import hostile_line
from _sandboxes import NOTHING, Counter, machine

from fieldcraft.skills.sandbox import ProgramLimits, SkillSet
from fieldcraft.skills.sandbox.base import BoundSkill
from fieldcraft.skills.sandbox.frames import BrokenProtocol, read_frame
from fieldcraft.skills.sandbox.pinning import Pin
from fieldcraft.skills.sandbox.session import Session
from fieldcraft.skills.sandbox.wire import Stopped, Wake, Wire, WorkerEnded

IN_CONVERSATION = 20
SLOW_SECONDS = 2.0


def main() -> None:
    """Fuzz and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    frames = 10_000 if options.quick else options.frames
    rng = random.Random(options.seed)
    findings: Tally[str] = Tally()
    before, began = _peak_kib(), time.perf_counter()
    seen = fuzz_frames(rng, frames, findings)
    seconds = time.perf_counter() - began
    report = {
        "machine": machine(),
        "frames": frames,
        "frames_per_second": round(frames / seconds),
        **seen,
        "conversations": fuzz_conversations(rng, max(frames // 200, 100), findings),
        "peak_memory_grown_kib": _peak_kib() - before,
        "findings": dict(findings),
    }
    print(json.dumps(report, indent=2))
    sys.exit(1 if findings else 0)


def fuzz_frames(rng: random.Random, frames: int, findings: Tally[str]) -> dict[str, object]:
    """What became of so many lines; what must not happen is counted in `findings`."""
    accepted, slowest = 0, 0.0
    for _ in range(frames):
        line = hostile_line(rng)
        began = time.perf_counter()
        try:
            frame = read_frame(line)
        except BrokenProtocol:
            frame = None
        except Exception as error:
            findings[f"crash: {type(error).__name__}"] += 1
            continue
        slowest = max(slowest, time.perf_counter() - began)
        said = valid_content(line)
        if frame is None:
            if said is not None:
                findings["valid frame refused"] += 1
            continue
        accepted += 1
        if said is None:
            findings["invalid frame accepted"] += 1
        elif not same(frame.model_dump(mode="json"), said):
            findings["frame says other than its line"] += 1
    if slowest > SLOW_SECONDS:
        findings["hang"] += 1
    return {"accepted": accepted, "refused": frames - accepted, "slowest_ms": round(slowest * 1000, 1)}


class Recording(Counter):
    """A world that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Any, ...]] = []

    def call_primitive(self, name: str, args: Any, kwargs: Any) -> Any:
        """Remember, then answer as usual."""
        self.asked.append((name, args, kwargs))
        return super().call_primitive(name, args, kwargs)


def fuzz_conversations(rng: random.Random, count: int, findings: Tally[str]) -> dict[str, object]:
    """Serve so many workers that say anything; how the host ended them."""
    endings: Tally[str] = Tally()
    wake = Wake()
    for _ in range(count):
        lines = _conversation(rng)
        world = Recording()
        try:
            endings[_served(lines, world, wake)] += 1
        except Exception as error:
            findings[f"crash in a conversation: {type(error).__name__}: {error}"[:200]] += 1
        if len(world.asked) > _calls_in_order(lines):
            findings["a call that was not validly asked for"] += 1
    wake.close()
    return {"held": count, "endings": dict(endings)}


def _conversation(rng: random.Random) -> list[bytes]:
    """Lines of which the first ones are honest."""
    honest = rng.randrange(IN_CONVERSATION)
    calls = [
        {"type": "call", "id": number, "name": "step", "args": [number], "kwargs": {}}
        for number in range(honest)
    ]
    lines = [json.dumps(call).encode() for call in calls]
    return [*lines, *(hostile_line(rng).replace(b"\n", b"") for _ in range(IN_CONVERSATION - honest))]


def _served(lines: list[bytes], world: Recording, wake: Wake) -> str:
    ours, theirs = socket.socketpair()
    skill = BoundSkill(name="chop", digest="d", entry="chop", source="def chop(bot):\n    pass\n")
    with ours, theirs, Pin(wanted=False) as pin:
        session = Session(
            NOTHING,
            world,
            skills=SkillSet(roots={"chop": "d"}, modules={"d": skill}),
            tools=None,
            limits=ProgramLimits(),
            wake=wake,
            pin=pin,
            seed="",
            run_python=_no_program_beside,
        )
        theirs.sendall(b"".join(line + b"\n" for line in lines))
        theirs.shutdown(socket.SHUT_WR)
        ours.setblocking(False)
        wire = Wire(ours, wake, frame_limit=1 << 20, deadline=time.monotonic() + SLOW_SECONDS)
        try:
            session.serve(wire)
        except Stopped as stopped:
            return str(stopped.reason)
        except WorkerEnded:
            return "worker ended"
        finally:
            session.ledger.execution(ticks=session.ticks, seconds=0.0)
        return "done"


def _no_program_beside(*_: object) -> NoReturn:
    raise RuntimeError("no frame may start another program")


def _calls_in_order(lines: list[bytes]) -> int:
    """How many primitive calls a host may make of these lines, at most."""
    made = answered = 0
    for line in lines:
        said = valid_content(line)
        if said is None or said["type"] in ("ready", "skill", "done"):
            break
        if said["type"] in ("call", "tool"):
            if said["id"] != answered:
                break
            answered += 1
            made += said["type"] == "call"
    return made


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
