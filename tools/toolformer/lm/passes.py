"""Many texts read in batches: on a processor with several cores in several threads, a batch in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from queue import SimpleQueue
from threading import Lock
from typing import Any, TypeVar

from fieldcraft.tools.toolformer.lm.batching import Batches
from fieldcraft.tools.toolformer.lm.forward import Forward, can_be_copied, reading

T = TypeVar("T")
R = TypeVar("R")
_TOGETHER = 1536
"""Tokens that a processor reads at a time: with more, what the layers hand on leaves its cache."""
_LEAST = 256
"""Tokens that are worth a thread."""
_MOST_THREADS = 8
"""Each holds the work of a batch in memory; cores beyond go to the products of each."""


def read(
    model: Any,
    batches: Batches,
    work: Callable[[Forward, Sequence[T]], Sequence[R]],
    items: Sequence[T],
    *,
    length: Callable[[T], int],
    by_tokens: bool,
    in_threads: bool = False,
) -> list[R]:
    """The results of `work`, in the order of `items`.

    Args:
        model: a `PreTrainedModel`.
        batches: how many items a batch has, and what happens where memory runs out.
        work: takes a forward pass and a batch, and gives as many results.
        items: what is to be worked on.
        length: of an item, in tokens.
        by_tokens: whether a batch is limited in tokens too, as it should be on a processor.
        in_threads: whether several batches may be in memory at once.
    """
    threads, most = 1, None
    if by_tokens and items:
        _keep_memory()
        total = sum(map(length, items))
        threads = _threads(total) if in_threads and can_be_copied(model) else 1
        shares = threads * math.ceil(total / (threads * _TOGETHER))
        most = math.ceil(total / shares) + max(map(length, items))
    if items and _goes_by_the_longest(model, max(map(length, items))):
        most = 1
    with ExitStack() as stack:
        free: SimpleQueue[Forward] = SimpleQueue()
        for _ in range(threads):
            free.put(stack.enter_context(reading(model)))

        def one(batch: Sequence[T]) -> Sequence[R]:
            forward = free.get()
            try:
                return work(forward, batch)
            finally:
                free.put(forward)

        pool = stack.enter_context(_side_by_side(threads)) if threads > 1 else None
        return batches.map(one, items, length=length, most=most, pool=pool)


def _goes_by_the_longest(model: Any, longest: int) -> bool:
    """Whether a text reads differently beside a longer one: `longrope` has factors of their own for those."""
    rope = getattr(model.config, "rope_parameters", None) or {}
    known = rope.get("original_max_position_embeddings") or 0
    return rope.get("rope_type") == "longrope" and longest > known


def _threads(tokens: int) -> int:
    import torch

    most: int = torch.get_num_threads()
    return max(1, min(most, _MOST_THREADS, tokens // _LEAST))


@contextmanager
def _side_by_side(number: int) -> Iterator[Executor]:
    """Threads that share PyTorch's among them: small products gain more by this than by being divided."""
    import torch

    before, turn = torch.get_num_threads(), Lock()

    def begin() -> None:
        with turn:
            torch.set_num_threads(max(1, before // number))

    try:
        with ThreadPoolExecutor(number, "fieldcraft-read", begin) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


@cache
def _keep_memory() -> None:
    """Let the C library keep what is freed for the next batch.

    glibc gives blocks of 128 KiB and more back to the system until a larger one, of 32 MiB at most, was
    freed; fetching the pages again takes a fifth of the time of a small model.
    """
    import torch

    torch.empty(31 << 20, dtype=torch.uint8)
