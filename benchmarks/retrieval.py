"""Retrieval and keeping, measured: `python benchmarks/retrieval.py [--sizes 1000 10000]` prints JSON.

Quality: paraphrased queries with little word overlap over the skills of data/retrieval.json and of
data/paraphrases.json; the weights of the ranking were chosen on the tuned half of the first only. Speed:
made-up skills, one search at a time, each query new. Recall: the dense index against exact cosine over the
same vectors.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from fieldcraft.skills import Skill, SkillLibrary
from fieldcraft.skills.library.skill import folder_name
from fieldcraft.skills.search.dense import DenseIndex
from fieldcraft.skills.search.embeddings import DEFAULT, load_embeddings
from fieldcraft.skills.search.index import vector_cache, views_of
from fieldcraft.skills.search.retrieval import Match
from fieldcraft.skills.search.vectors import Embedder, View

DATA = Path(__file__).with_name("data")
VERBS = [
    "gather",
    "mine",
    "craft",
    "smelt",
    "place",
    "hunt",
    "find",
    "store",
    "plant",
    "harvest",
    "build",
    "repair",
    "carry",
    "sort",
    "trade",
    "fetch",
    "dig",
    "burn",
    "paint",
    "guard",
    "count",
    "move",
    "throw",
    "hide",
]
ITEMS = [
    "oak log",
    "birch plank",
    "iron ingot",
    "gold nugget",
    "cobblestone",
    "wheat seed",
    "raw beef",
    "white wool",
    "spider string",
    "clay ball",
    "red sand",
    "glass pane",
    "stone brick",
    "oak door",
    "wooden hoe",
    "iron sword",
    "fishing rod",
    "boat",
    "rail",
    "minecart",
    "lantern",
    "torch",
    "bucket of water",
    "lava bucket",
    "apple",
    "bread loaf",
    "carrot",
    "potato",
    "pumpkin",
    "melon",
]
PLACES = [
    "near the base",
    "in a cave",
    "at night",
    "on a mountain",
    "beside the river",
    "in the desert",
    "under water",
    "in a village",
    "before the rain",
    "with an empty inventory",
    "from a chest",
    "deep underground",
    "across the ocean",
    "on a small island",
    "without a tool",
    "while monsters are around",
]
ASKED = (
    "how do I get a {item} {place}",
    "{verb} the {item}",
    "we are {place} and lack a {item}",
    "time to {verb} some {item} {place}",
)
QUERIES = 300


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 10000])
    parser.add_argument("--quick", action="store_true", help="200 skills only")
    options = parser.parse_args()
    sizes = [200] if options.quick else options.sizes
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FIELDCRAFT_CACHE"] = str(Path(folder, "cache"))
        report: dict[str, object] = {
            name: quality(Path(folder, name), DATA / f"{name}.json") for name in ("retrieval", "paraphrases")
        }
        for size in sizes:
            report[str(size)] = speed(Path(folder, str(size)), size)
        print(json.dumps(report, indent=2))


def quality(path: Path, data: Path) -> dict[str, dict[str, float]]:
    """R@1 and R@5 on both halves of the queries of a file."""
    cases = json.loads(data.read_text(encoding="utf-8"))
    library = SkillLibrary(path)
    for case in cases:
        entry = case["entry"]
        source = f'def {entry}(bot):\n    bot.say("{entry}")\n'
        library.keep(
            Skill(name=folder_name(entry), description=case["description"], source=source, entry=entry)
        )
    queries = [(case["query"], case["entry"]) for case in cases if "query" in case]
    ranks = [rank(library.search(query), entry) for query, entry in queries]
    library.close()
    halves = {"tuned": ranks[0::2], "held_out": ranks[1::2], "all": ranks}
    return {
        half: {"queries": len(found), "R@1": share(found, 1), "R@5": share(found, 5)}
        for half, found in halves.items()
    }


def rank(matches: Sequence[Match], entry: str) -> int:
    """The place of the wanted skill, from 1; 99 where it was not found."""
    names = [match.skill.entry for match in matches]
    return names.index(entry) + 1 if entry in names else 99


def share(ranks: Sequence[int], k: int) -> float:
    """The share of ranks that are `k` or better."""
    return round(sum(found <= k for found in ranks) / len(ranks), 3)


def speed(path: Path, size: int) -> dict[str, float]:
    """Keeping, building the index, searching, in milliseconds and seconds."""
    choose = random.Random(size)
    triples = choose.sample(list(itertools.product(VERBS, ITEMS, PLACES)), size + 20)
    library = SkillLibrary(path)
    with library.writing():
        for triple in triples[:size]:
            library.keep(made_up(*triple))
        keeping = [timed(partial(library.keep, made_up(*triple))) for triple in triples[size:]]
    build = timed(lambda: library.search("anything"))
    queries = [
        choose.choice(ASKED).format(verb=verb, item=item, place=place) + f" {number}"
        for number, (verb, item, place) in enumerate(choose.choices(triples, k=QUERIES))
    ]
    searching = [timed(partial(library.search, query)) for query in queries]
    library.close()
    reader = SkillLibrary(path)
    load = timed(lambda: len(reader))
    reopen = timed(lambda: reader.search("anything"))
    reader.close()
    return {
        "keep_ms_median": milliseconds(statistics.median(keeping)),
        "index_built_s": round(build, 2),
        "folder_read_s": round(load, 3),
        "index_opened_s": round(reopen, 3),
        "search_ms_p50": milliseconds(statistics.median(searching)),
        "search_ms_p95": milliseconds(statistics.quantiles(searching, n=20)[18]),
        "recall@5_against_exact": recall(library_views(reader), queries),
    }


def made_up(verb: str, item: str, place: str) -> Skill:
    """A skill that nobody learned."""
    entry = f"{verb} {item} {place}".replace(" ", "_")
    source = f'def {entry}(bot, count=1):\n    """Do it."""\n    bot.say("{verb}", "{item}", "{place}")\n'
    return Skill(name=folder_name(entry), description=f"{verb} {item} {place}.", source=source, entry=entry)


def library_views(library: SkillLibrary) -> dict[str, tuple[View, ...]]:
    """What the dense index is built from, by digest."""
    return {skill.digest: views_of(skill).dense for skill in library}


def recall(views: dict[str, tuple[View, ...]], queries: Sequence[str]) -> float:
    """The share of the five nearest skills by exact cosine that the dense index gives too."""
    embedder = Embedder(load_embeddings(DEFAULT), vector_cache(DEFAULT))
    digests = list(views)
    vectors = embedder.documents([views[digest] for digest in digests])
    index = DenseIndex.in_memory(embedder.dimension)
    index.change(dict(zip(digests, vectors, strict=True)), [])
    matrix = np.stack(vectors)
    found = 0
    for query in queries:
        vector = embedder.query(query)
        nearest = {digests[row] for row in np.argsort(matrix @ -vector, kind="stable")[:5]}
        found += len(nearest & index.search(vector, 5).keys())
    index.close()
    embedder.close()
    return round(found / (5 * len(queries)), 4)


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def milliseconds(seconds: float) -> float:
    """Seconds as milliseconds, to be read by people."""
    return round(seconds * 1000, 2)


if __name__ == "__main__":
    main()
