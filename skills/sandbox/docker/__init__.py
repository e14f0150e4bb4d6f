"""Programs in a hardened container: finding the engine, making the image, holding the container."""

from fieldcraft.skills.sandbox.docker.hardening import hardened
from fieldcraft.skills.sandbox.docker.sandbox import DockerSandbox

__all__ = ["DockerSandbox", "hardened"]
