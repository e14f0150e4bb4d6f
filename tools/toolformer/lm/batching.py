"""Work in batches that shrink where the memory does not reach."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, wait
from typing import TypeVar

from fieldcraft.tools.toolformer.errors import ToolformerError

T = TypeVar("T")
R = TypeVar("R")
logger = logging.getLogger(__name__)


class Batches:
    """Does something to many items, a batch at a time.

    Args:
        size: items in a batch, to begin with. It is halved each time that memory runs out, which is said
            once, and stays so.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._said = False

    def map(
        self,
        work: Callable[[Sequence[T]], Sequence[R]],
        items: Sequence[T],
        *,
        length: Callable[[T], int] | None = None,
        most: int | None = None,
        pool: Executor | None = None,
    ) -> list[R]:
        """The results of `work`, in the order of `items`.

        Args:
            work: takes a batch and gives as many results.
            items: what is to be worked on.
            length: of an item; those of like length then share a batch, so that little is padding.
            most: the length of a batch, padding counted; one item may be longer.
            pool: works on several batches at once, until memory runs out.

        Raises:
            ToolformerError: not even one item fits into memory.
        """
        waiting = list(range(len(items)) if length is None else _by_length(items, length))
        results: dict[int, R] = {}
        while waiting:
            cut = list(self._cut(waiting, items, length, most))
            made = _worked(work, [[items[place] for place in batch] for batch in cut], pool)
            try:
                for batch, done in zip(cut, made, strict=True):
                    results.update(zip(batch, done, strict=True))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                self.shrink(next(len(batch) for batch in cut if batch[0] not in results))
                pool = None
            waiting = [place for place in waiting if place not in results]
        return [results[place] for place in range(len(items))]

    def _cut(
        self,
        waiting: Sequence[int],
        items: Sequence[T],
        length: Callable[[T], int] | None,
        most: int | None,
    ) -> Iterator[Sequence[int]]:
        """The batches, the longest item of each at its beginning."""
        begin = 0
        while begin < len(waiting):
            size = self.size
            if length is not None and most is not None:
                size = min(size, max(1, most // max(1, length(items[waiting[begin]]))))
            yield waiting[begin : begin + size]
            begin += size

    def shrink(self, tried: int) -> None:
        """Halve the batch, `tried` items having been too many.

        Raises:
            ToolformerError: it was one item already.
        """
        if tried <= 1:
            raise ToolformerError(
                "out of memory with a single text in the batch; take a smaller model, or a smaller context"
            )
        self.size = max(1, tried // 2)
        _empty_caches()
        log = logger.info if self._said else logger.warning
        log("out of memory with %d texts at a time; going on with %d", tried, self.size)
        self._said = True


def _worked(
    work: Callable[[Sequence[T]], Sequence[R]], batches: Sequence[Sequence[T]], pool: Executor | None
) -> Iterator[Sequence[R]]:
    """The results of each batch in order; after an error nothing goes on."""
    if pool is None:
        yield from map(work, batches)
        return
    futures = [pool.submit(work, batch) for batch in batches]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
        wait(futures)


def _by_length(items: Sequence[T], length: Callable[[T], int]) -> list[int]:
    return sorted(range(len(items)), key=lambda place: -length(items[place]))


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a GPU or on the processor."""
    if isinstance(error, MemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in words or "not enough memory" in words)


def _empty_caches() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
