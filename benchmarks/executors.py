"""The sandboxes beside smolagents' executors in one run: first result, programs a second. Prints JSON.

python benchmarks/executors.py
python benchmarks/executors.py --quick    without smolagents' Docker executor: its image takes a minute

The engine is the one that DOCKER_HOST names. smolagents makes its image out of a registry's Python; where
none is in reach it is made out of this machine's own Python and the same packages (jupyter_kernel_gateway,
jupyter_client, ipykernel), and where the engine has no bridge the container shares this machine's network.
smolagents' executors keep one interpreter for all programs; each of ours gets a fresh one, which is included.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from typing import Any

from _sandboxes import Counter, finished, machine
from docker import DockerClient
from docker.errors import DockerException, ImageNotFound
from smolagents import LocalPythonExecutor
from smolagents.monitoring import AgentLogger, LogLevel
from smolagents.remote_executors import DockerExecutor

from fieldcraft.common.cache import cache_folder
from fieldcraft.skills import parse_program
from fieldcraft.skills.sandbox import DockerSandbox, ProcessSandbox, Sandbox, SandboxUnavailable
from fieldcraft.skills.sandbox.docker import host_python
from fieldcraft.skills.sandbox.docker.engine import connect
from fieldcraft.skills.sandbox.docker.image import WORKER

WORK = "sum([number * number for number in range(100)])"
RESULT = 328350
PROGRAM = parse_program(f"def work(bot):\n    return {WORK}\n")
KERNEL_IMAGE = "fieldcraft-benchmark-kernel"
KERNEL_PACKAGES = ("jupyter_kernel_gateway", "jupyter_client", "ipykernel")
KERNEL_COMMAND = ["python3", "-m", "kernel_gateway", "--KernelGatewayApp.ip=0.0.0.0"]
KERNEL_ALONE = [*KERNEL_COMMAND[:-1], "--KernelGatewayApp.ip=127.0.0.1"]
SITE = f"usr/local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

Executor = Callable[[], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    logging.disable(logging.WARNING)
    programs, starts = (30, 1) if quick else (300, 5)
    try:
        DockerSandbox().close()
    except SandboxUnavailable as error:
        sys.exit(str(error))
    client = connect()
    measured: dict[str, Any] = {
        "fieldcraft process": compared(lambda: _ours(ProcessSandbox()), programs, starts),
        "fieldcraft docker": compared(lambda: _ours(DockerSandbox()), programs, starts),
        "smolagents local (no isolation)": compared(_local, programs, starts),
    }
    if quick:
        measured["smolagents docker"] = {"not measured": "--quick"}
    else:
        made = make_kernel_image(client)
        measured["smolagents docker"] = {
            **compared(lambda: _theirs(client), programs, starts),
            "image": made,
        }
    report = {"machine": machine(), "programs": programs, "executors": measured, "ratios": ratios(measured)}
    client.close()
    print(json.dumps(report, indent=2))


def compared(
    opened: Callable[[], tuple[Executor, Callable[[], None]]], programs: int, starts: int
) -> dict[str, float]:
    """From nothing to the first result (median of so many starts), then programs a second in a row."""
    firsts = []
    for _ in range(starts):
        began = time.perf_counter()
        execute, close = opened()
        _checked(execute())
        firsts.append((time.perf_counter() - began) * 1000)
        if len(firsts) < starts:
            close()
    began = time.perf_counter()
    for _ in range(programs):
        _checked(execute())
    seconds = time.perf_counter() - began
    close()
    return {
        "first_result_ms": round(statistics.median(firsts), 1),
        "programs_per_second": round(programs / seconds, 1),
    }


def ratios(measured: dict[str, Any]) -> dict[str, float]:
    """Programs a second: our container to theirs, our process to theirs in the agent's own."""
    pairs = {
        "docker to docker": ("fieldcraft docker", "smolagents docker"),
        "process to local": ("fieldcraft process", "smolagents local (no isolation)"),
    }
    rate = "programs_per_second"
    return {
        name: round(measured[one][rate] / measured[other][rate], 2)
        for name, (one, other) in pairs.items()
        if rate in measured[other]
    }


def _checked(result: object) -> None:
    if result != RESULT:
        raise RuntimeError(f"{result!r} instead of {RESULT}")


def _ours(sandbox: Sandbox) -> tuple[Executor, Callable[[], None]]:
    world = Counter()
    return lambda: finished(sandbox.run(PROGRAM, world)).result, sandbox.close


def _local() -> tuple[Executor, Callable[[], None]]:
    executor = LocalPythonExecutor(additional_authorized_imports=[])
    executor.send_tools({})
    return lambda: executor(WORK).output, lambda: None


class _NoPorts(dict[str, object]):
    """Takes no port: smolagents adds one, which the network of the machine itself forbids."""

    def __setitem__(self, name: str, value: object) -> None:
        """Forget it."""


def _theirs(client: DockerClient) -> tuple[Executor, Callable[[], None]]:
    settings: dict[str, Any] = {}
    if not client.networks.list(names=["bridge"]):
        settings = {"network_mode": "host", "ports": _NoPorts(), "command": KERNEL_ALONE}
    executor = DockerExecutor(
        [],
        AgentLogger(level=LogLevel.OFF),
        image_name=KERNEL_IMAGE,
        build_new_image=False,
        container_run_kwargs=settings,
    )
    return lambda: int(str(executor(WORK).output)), executor.cleanup


def make_kernel_image(client: DockerClient) -> str:
    """See to smolagents' image; how it was made."""
    try:
        client.images.get(KERNEL_IMAGE)
    except ImageNotFound:
        pass
    else:
        return "was there"
    packages, command = " ".join(KERNEL_PACKAGES), json.dumps(KERNEL_COMMAND)
    recipe = f"FROM python:3.12-bullseye\nRUN pip install {packages}\nCMD {command}\n"
    try:
        with tempfile.TemporaryFile() as file:
            file.write(recipe.encode())
            file.seek(0)
            client.images.build(fileobj=file, tag=KERNEL_IMAGE)
    except DockerException:
        _import_kernel(client)
        return "of this machine's Python"
    return "smolagents' own recipe"


def _import_kernel(client: DockerClient) -> None:
    site = cache_folder() / "benchmark-kernel"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site), *KERNEL_PACKAGES]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            host_python.write_root(archive, WORKER, sorted(site.rglob("*.so")))
            archive.add(site, SITE)
        file.seek(0)
        environment = {**host_python.ENVIRONMENT, "HOME": "/tmp"}
        changes = [f"ENV {name}={value}" for name, value in environment.items()]
        told = client.api.import_image(src=file, changes=[*changes, f"CMD {json.dumps(KERNEL_COMMAND)}"])
    client.images.get(json.loads(told.splitlines()[-1])["status"]).tag(KERNEL_IMAGE)


if __name__ == "__main__":
    main()
