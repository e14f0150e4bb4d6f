"""Programs in a hardened container: the engine, the image and the container."""

from fieldcraft.skills.sandbox.docker.hardening import hardened
from fieldcraft.skills.sandbox.docker.sandbox import DockerSandbox

__all__ = ["DockerSandbox", "hardened"]
