"""Toy worlds that draw: a pixel for each log, or what no picture is."""

from __future__ import annotations

import io

from PIL import Image
from toy_world import ForgetfulWorld, ToyWorld

from fieldcraft.envs import Observation
from fieldcraft.envs.attachments import Attachment


class SightedWorld(ToyWorld):
    """The toy world; its picture is wider than models are shown, and red as far as there is wood."""

    spec = ToyWorld.spec.model_copy(update={"id": "sighted-v1", "can_render": True})

    def render(self) -> bytes:
        picture = Image.new("RGBA", (2000, 500), (0, 0, 255, 255))
        picture.paste((255, 0, 0, 255), (0, 0, 100 * self._held.get("wood", 0), 500))
        data = io.BytesIO()
        picture.save(data, "PNG")
        return data.getvalue()


class CarryingWorld(SightedWorld):
    """The same, whose observation carries the picture."""

    spec = ToyWorld.spec.model_copy(update={"id": "carrying-v1"})

    def observe(self) -> Observation:
        seen = super().observe()
        return seen.model_copy(update={"attached": {"camera": Attachment.of(self.render())}})


class UndrawnWorld(SightedWorld):
    """A world whose drawing fails."""

    def render(self) -> bytes:
        raise RuntimeError("the display is off")


class TextWorld(SightedWorld):
    """A world that draws what is no picture."""

    def render(self) -> bytes:
        return b"a red house"


class SightedForgetfulWorld(SightedWorld, ForgetfulWorld):
    """The same without snapshots."""

    spec = ForgetfulWorld.spec.model_copy(update={"id": "sighted-forgetful-v1", "can_render": True})
