"""A library in the form that Voyager publishes: 22 skills that can be read, and one that cannot.

`voyager/code` and `voyager/description` are as Voyager writes them; `skills.json` is made of them.
Two files get the line ends and the mark that Windows editors leave.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

PUBLISHED = Path(__file__).parent / "voyager"
WITH_CRLF, WITH_MARK = "depositLoot", "huntCow"


def publish(folder: Path) -> Path:
    """Write the library under `folder/skill`, with a vector database beside it that is no database."""
    skill = folder / "skill"
    shutil.copytree(PUBLISHED, skill)
    crlf, marked = (skill / "code" / f"{name}.js" for name in (WITH_CRLF, WITH_MARK))
    crlf.write_bytes(crlf.read_bytes().replace(b"\n", b"\r\n"))
    marked.write_bytes(b"\xef\xbb\xbf" + marked.read_bytes())
    (skill / "vectordb").mkdir()
    (skill / "vectordb" / "chroma-index.parquet").write_bytes(b"old")
    entries = {}
    for path in sorted((skill / "code").glob("*.js")):
        described = skill / "description" / f"{path.stem}.txt"
        entries[path.stem.removesuffix("V2")] = {
            "code": path.read_bytes().decode(),
            "description": described.read_text(encoding="utf-8") if described.exists() else "",
        }
    (skill / "skills.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder
