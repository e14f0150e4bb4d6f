"""What an environment of Gymnasium costs as a world. Prints JSON.

python benchmarks/gym_wrapper.py
python benchmarks/gym_wrapper.py --quick    fewer steps

`call_over_round_trip_us`: what a call of one step adds to a round trip of the sandbox, the environment's own
step included; `wrapper_us`: the same without that step, and `wrapper_processor_us` its processor time, which
says the same where other work disturbs the clock; at most 80 is asked for. `thousand_steps`: the processor
time of `step(times=1000)` against that of a bare loop, the shortest of each; at most 1.05 is asked for.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from _sandboxes import TALK, Counter, finished, machine

from fieldcraft.envs import Environment, from_gymnasium
from fieldcraft.skills import parse_program
from fieldcraft.skills.sandbox import ProcessSandbox, ProgramLimits

IDS = ("CartPole-v1", "FrozenLake-v1", "Taxi-v4")
PUSH = parse_program(
    "import time\n\ndef push(bot, times=1):\n    began = time.perf_counter()\n"
    "    for number in range(times):\n        bot.step(0)\n    return time.perf_counter() - began\n"
)


def main() -> None:
    """Measure and print; say what is missing where Gymnasium is not installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    if find_spec("gymnasium") is None:
        print(json.dumps({"skipped": "Gymnasium is not installed: pip install 'fieldcraft[gym]'"}))
        return
    calls, rounds = (2_000, 15) if quick else (8_000, 60)
    report: dict[str, Any] = {"machine": machine(), "environments": {}}
    with ProcessSandbox() as sandbox:
        for env_id in IDS:
            report["environments"][env_id] = measured(sandbox, env_id, calls, rounds)
    print(json.dumps(report, indent=2))


def measured(sandbox: ProcessSandbox, env_id: str, calls: int, rounds: int) -> dict[str, float]:
    """The figures of one environment: medians of runs that take turns with what they are compared with."""
    world = endless(env_id)
    bare = unending(env_id)
    bare.reset(seed=0)
    empty, one, step = [], [], []
    for _ in range(5):
        empty.append(microseconds(sandbox, TALK, Counter(), calls))
        one.append(microseconds(sandbox, PUSH, world, calls))
        step.append(stepped(bare, calls) / calls * 1e6)
    call = statistics.median(one) - statistics.median(empty)
    loops, thousands = [], []
    for _ in range(rounds):
        bare.reset(seed=0)
        world.begin_episode(seed=0, number=2)
        loops.append(stepped(bare, 1_000))
        thousands.append(processor_seconds(lambda: world.call_primitive("step", (0, 1_000))))
    return {
        "sandbox_round_trip_us": round(statistics.median(empty), 1),
        "environment_step_us": round(statistics.median(step), 1),
        "call_over_round_trip_us": round(call, 1),
        "wrapper_us": round(call - statistics.median(step), 1),
        "wrapper_processor_us": round(processor_us(world, bare, calls), 1),
        "thousand_steps_ms": round(min(thousands) * 1e3, 2),
        "bare_thousand_steps_ms": round(min(loops) * 1e3, 2),
        "thousand_steps": round(min(thousands) / min(loops), 3),
    }


def processor_us(world: Environment, bare: Any, calls: int) -> float:
    """Processor time of one call in this process beyond the environment's step, whatever else runs here."""
    began = time.thread_time()
    for _ in range(calls):
        world.call_primitive("step", (0,))
    between = time.thread_time()
    for _ in range(calls):
        bare.step(0)
    return (2 * between - began - time.thread_time()) / calls * 1e6


def endless(env_id: str) -> Environment:
    """The environment as a world, in episodes that do not end, so that each call takes its steps."""
    world = from_gymnasium(lambda: unending(env_id), name=env_id, episode_steps=10**9)
    world.reset(seed=0)
    return world


def unending(env_id: str) -> Any:
    """The environment without the ends of its episodes."""
    import gymnasium

    class Unending(gymnasium.Wrapper):  # type: ignore[misc]
        """Never says that an episode has ended."""

        def step(self, action: Any) -> Any:
            """One step."""
            observation, reward, _, _, info = self.env.step(action)
            return observation, reward, False, False, info

    return Unending(gymnasium.make(env_id, disable_env_checker=True).unwrapped)


def microseconds(sandbox: ProcessSandbox, program: Any, world: Environment, calls: int) -> float:
    """Of one call within a program of so many."""
    limits = ProgramLimits(calls=calls + 1, seconds=120)
    execution = finished(sandbox.run(program, world, arguments={"times": calls}, limits=limits))
    assert isinstance(execution.result, float)
    return execution.result / calls * 1e6


def stepped(environment: Any, times: int) -> float:
    """Processor seconds of a bare loop, which looks for the end as any loop over an environment does."""
    step, rewards = environment.step, []
    began = time.thread_time()
    for _ in range(times):
        _, reward, terminated, truncated, _ = step(0)
        rewards.append(reward)
        if terminated or truncated:
            break
    sum(rewards)
    return time.thread_time() - began


def processor_seconds(action: Callable[[], object]) -> float:
    """Processor seconds."""
    began = time.thread_time()
    action()
    return time.thread_time() - began


if __name__ == "__main__":
    main()
