"""The search tool over a person's own texts."""

from __future__ import annotations

from fieldcraft.tools.context import current_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.traits import declare


@declare(effect="reads", reads_world=False)
def search(query: str, count: int = 3) -> list[dict[str, str]]:
    """Find passages by words in the texts at hand, best first; each has `source`, `title` and `text`.

    `count` is how many at most, up to 50. Use few, telling words. The list is empty where nothing matches.
    """
    corpus = current_context().corpus
    if corpus is None:
        raise ToolError(
            "there is nothing to search in: give a folder, a .jsonl file or a .zim archive by --corpus, "
            "or as `corpus` in fieldcraft.toml"
        )
    return [
        {"source": passage.source, "title": passage.title, "text": passage.text}
        for passage in corpus.search(query, count)
    ]
