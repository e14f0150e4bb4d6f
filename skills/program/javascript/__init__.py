"""JavaScript programs, read on the host without running them."""

from fieldcraft.skills.program.javascript.given import GIVEN, LANGUAGE, WORLD
from fieldcraft.skills.program.javascript.script import Function, Script, Stray, read_script

__all__ = ["GIVEN", "LANGUAGE", "WORLD", "Function", "Script", "Stray", "read_script"]
