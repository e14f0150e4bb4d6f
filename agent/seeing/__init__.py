"""Pictures of the world in the messages of roles whose models take images."""

from fieldcraft.agent.seeing.eyes import CannotSee, check_eyes, unsure_eyes
from fieldcraft.agent.seeing.pictures import RunPictures, taken_picture

__all__ = ["CannotSee", "RunPictures", "check_eyes", "taken_picture", "unsure_eyes"]
