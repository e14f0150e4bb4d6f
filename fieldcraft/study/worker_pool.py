"""Parallel worker processes that run the remaining trials of a batch."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from fieldcraft.agent.journal.state import Spent
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.study.records import Listener, Record, Update
from fieldcraft.study.trials import Ended, Request, Step
from fieldcraft.study.workers import Worker


class BatchInProgress(Protocol):
    """What the workers need of trials: what each is, where they are kept, and how they are stopped."""

    @property
    def worker(self) -> str:
        """The module of the processes that run the trials."""

    @property
    def folder(self) -> Path:
        """Where the log of these processes is kept."""

    @property
    def records(self) -> Sequence[Record[Any]]:
        """One for each trial; the workers write the outcomes into them."""

    @property
    def spent(self) -> Spent:
        """The sum over all trials."""

    @property
    def stopped(self) -> str:
        """Why it was stopped, empty where it was not."""

    def request_stop(self, reason: str) -> None:
        """Stop every trial at its next event."""

    def request(self, record: Record[Any]) -> Request:
        """What a worker is asked for."""

    def needs(self, record: Record[Any]) -> str | None:
        """The name of the trial that fills its library; `None` for none."""


class WorkerPool:
    """Threads that each drive one worker process through the remaining trials."""

    def __init__(self, batch: BatchInProgress, left: Sequence[Record[Any]], limits: BudgetLimits) -> None:
        self._batch = batch
        self._limits = limits
        self._waiting = list(left)
        self._done = {record.name for record in batch.records if record.outcome == "done"}
        self._open = {record.name for record in left}
        self._changed = threading.Condition()
        self._updates: queue.Queue[Update | None] = queue.Queue()
        self._workers: list[Worker] = []
        self._requests = {record.name: batch.request(record) for record in left}

    def run(self, jobs: int, listeners: Sequence[Listener]) -> None:
        """Run until all trials are done, or the study is stopped and every trial has ended."""
        self._workers = [Worker(self._batch.folder / "workers.log", self._batch.worker) for _ in range(jobs)]
        threads = [threading.Thread(target=self._drive, args=(worker,)) for worker in self._workers]
        for thread in threads:
            thread.start()
        try:
            self._follow(len(threads), listeners)
        except BaseException:
            self._batch.request_stop("interrupted at once")
            for worker in self._workers:
                worker.kill()
            raise
        finally:
            with self._changed:
                self._changed.notify_all()
            for thread in threads:
                thread.join()

    def _follow(self, working: int, listeners: Sequence[Listener]) -> None:
        stopping = False
        while working:
            if self._batch.stopped and not stopping:
                stopping = True
                for worker in self._workers:
                    worker.stop()
            try:
                update = self._updates.get(timeout=0.1)
            except queue.Empty:
                continue
            if update is None:
                working -= 1
                continue
            self._take(update)
            for listener in listeners:
                listener(update)

    def _take(self, update: Update) -> None:
        if update.step is not None:
            update.record.spent = update.step.spent
        reason = self._batch.spent.exhausted(self._limits, another_program=False)
        if reason and any(record.outcome != "done" for record in self._batch.records):
            self._batch.request_stop(reason)

    def _drive(self, worker: Worker) -> None:
        try:
            while (record := self._next()) is not None:
                self._updates.put(Update(record))
                request = self._requests[record.name].model_copy(update={"left": self._left()})
                self._end(record, worker.run(request, partial(self._report, record)))
        finally:
            worker.close()
            self._updates.put(None)

    def _report(self, record: Record[Any], step: Step) -> None:
        self._updates.put(Update(record, step))

    def _next(self) -> Record[Any] | None:
        """The next trial whose teacher is done; waits for one; `None` when no trial is left."""
        with self._changed:
            while self._waiting and not self._batch.stopped:
                for record in self._waiting:
                    needed = self._batch.needs(record)
                    if needed in self._open:
                        continue
                    self._waiting.remove(record)
                    if needed and needed not in self._done:
                        self._end(
                            record,
                            Ended(
                                outcome="failed",
                                reason=f"the trial {needed}, which fills its library, failed",
                            ),
                        )
                        break
                    record.outcome = "running"
                    return record
                else:
                    self._changed.wait(0.5)
            return None

    def _end(self, record: Record[Any], ended: Ended) -> None:
        with self._changed:
            record.outcome, record.reason = ended.outcome, ended.reason
            record.measured = ended.measured
            if ended.spent.seconds or ended.measured:
                record.spent = ended.spent
            self._open.discard(record.name)
            if ended.outcome == "done":
                self._done.add(record.name)
            self._changed.notify_all()
        self._updates.put(Update(record))

    def _left(self) -> BudgetLimits:
        spent, limits = self._batch.spent, self._limits
        return BudgetLimits(
            iterations=None,
            tokens=None if limits.tokens is None else max(0, limits.tokens - spent.tokens),
            money=None if limits.money is None else max(0.0, limits.money - spent.money),
            seconds=None if limits.seconds is None else max(0.0, limits.seconds - spent.seconds),
        )
