"""A causal language model and its tokenizer: scored, and sampled from, in batches."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

from fieldcraft.tools.toolformer.errors import ToolformerError, require_extra
from fieldcraft.tools.toolformer.lm.batching import Batches
from fieldcraft.tools.toolformer.lm.device import default_device, put_on
from fieldcraft.tools.toolformer.lm.forward import Forward, forbid, log_probs, whole_numbers
from fieldcraft.tools.toolformer.lm.passes import read
from fieldcraft.tools.toolformer.syntax.text import OPENING

logger = logging.getLogger(__name__)
_ENDLESS = 1 << 20
"""Tokens of context that nobody has: tokenizers without a limit announce huge numbers."""
_ENCODED_TOGETHER = 2_000
_NO_LIMIT = 4096
"""Tokens of context where neither model nor tokenizer names a limit."""


@dataclass(frozen=True)
class Encoded:
    """A text in tokens.

    Attributes:
        ids: the tokens, none added.
        ends: for each token the character after it.
    """

    ids: tuple[int, ...]
    ends: tuple[int, ...]

    def token_at(self, place: int) -> int:
        """The token that begins at the character `place`, or has it in its middle."""
        return bisect_right(self.ends, place)


class LanguageModel:
    """Any Hugging Face causal model with its tokenizer.

    Args:
        model: a `PreTrainedModel` that predicts the next token; it is put on `device` and left in eval mode.
        tokenizer: its tokenizer. Neither a pad token nor one token for `[` is needed.
        device: `cuda`, `cpu`, ...; by default a GPU where there is one.
        batch_size: texts at a time; halved where memory runs out.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, device: str | None = None, batch_size: int = 64
    ) -> None:
        require_extra()
        self.device = device or default_device()
        if getattr(model, "hf_device_map", None) is None and not getattr(model, "is_quantized", False):
            put_on(model, self.device)
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.batches = Batches(batch_size)
        self._by_tokens = self.device == "cpu"

    @classmethod
    def load(cls, path: Path | str, *, device: str | None = None, batch_size: int = 64) -> LanguageModel:
        """A model from a folder, or by its name from the local cache of Hugging Face; nothing is fetched.

        Raises:
            ToolformerError: there is none, or it cannot be read.
        """
        require_extra()
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            folder = path if Path(path).exists() else _cached(str(path))
            model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:300] if Path(path).exists() else "no such folder"
            raise ToolformerError(
                f"there is no causal language model {str(path)!r} ({reason}); give a folder that "
                "`save_pretrained` wrote, with its tokenizer, or fetch one first: hf download NAME"
            ) from error
        return cls(model, tokenizer, device=device, batch_size=batch_size)

    def save(self, folder: Path) -> None:
        """Write model and tokenizer as `load` reads them."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    @cached_property
    def context(self) -> int:
        """Tokens that fit into the model at once."""
        config = self.model.config
        limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "n_ctx")]
        limits.append(self.tokenizer.model_max_length)
        known = [int(limit) for limit in limits if limit and 0 < limit < _ENDLESS]
        return min(known, default=_NO_LIMIT)

    @cached_property
    def start(self) -> tuple[int, ...]:
        """What stands before every text: the token for its beginning, where the model has one."""
        token = self.tokenizer.bos_token_id
        token = self.tokenizer.eos_token_id if token is None else token
        return () if token is None else (int(token),)

    @cached_property
    def opening(self) -> tuple[int, ...]:
        """The tokens of ` [`; most vocabularies have one for it."""
        return self.encode(OPENING).ids

    @property
    def padding(self) -> int:
        """A token to fill batches with; it is always masked."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0

    def encode(self, text: str) -> Encoded:
        """A text in tokens, none added."""
        return self.encode_each([text])[0]

    def encode_each(self, texts: Sequence[str]) -> list[Encoded]:
        """Many texts as `encode` gives them, which is faster than one by one."""
        if not texts:
            return []
        if getattr(self.tokenizer, "is_fast", False):
            made = self.tokenizer(
                list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
            ends = (tuple(end for _, end in offsets) for offsets in made["offset_mapping"])
            return [Encoded(tuple(ids), some) for ids, some in zip(made["input_ids"], ends, strict=True)]
        rows = map(tuple, self.encode_all(texts))
        return [
            Encoded(ids, tuple(len(self.decode(ids[: place + 1])) for place in range(len(ids))))
            for ids in rows
        ]

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """Many texts in tokens, none added, without where each ends."""
        found: list[list[int]] = []
        for begin in range(0, len(texts), _ENCODED_TOGETHER):
            some = list(texts[begin : begin + _ENCODED_TOGETHER])
            found += self.tokenizer(some, add_special_tokens=False, verbose=False)["input_ids"]
        return found

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, special ones left out."""
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text

    def token_log_probs(
        self,
        sequences: Sequence[Sequence[int]],
        *,
        since: Sequence[int] | None = None,
        without: Sequence[int] = (),
    ) -> list[list[float]]:
        """For each sequence the log probability of each token from the second on, given those before it.

        Args:
            sequences: texts in tokens.
            since: for each the first token that is asked about, 1 or later, which costs less.
            without: tokens (those of a call's opening) that are given no probability one after the other.
        """

        def work(forward: Forward, batch: Sequence[tuple[Sequence[int], int]]) -> list[list[float]]:
            return self._token_log_probs(forward, batch, tuple(without))

        return read(
            self.model, self.batches, work, list(zip(sequences, since or [1] * len(sequences), strict=True)),
            length=lambda one: len(one[0]), by_tokens=self._by_tokens, in_threads=since is not None,
        )  # fmt: skip

    def next_log_probs(self, sequences: Sequence[Sequence[int]], token: int) -> list[list[float]]:
        """For each sequence and place in it, the log probability that `token` comes after that place."""

        def work(forward: Forward, batch: Sequence[Sequence[int]]) -> list[list[float]]:
            places = [(row, at) for row, ids in enumerate(batch) for at in range(len(ids))]
            logits = forward.logits_at(self._padded(batch), places)
            chosen = iter(log_probs(logits, self._tensor([token] * len(places))))
            return [list(islice(chosen, len(ids))) for ids in batch]

        return read(self.model, self.batches, work, sequences, length=len, by_tokens=self._by_tokens)

    def _token_log_probs(
        self, forward: Forward, batch: Sequence[tuple[Sequence[int], int]], without: tuple[int, ...]
    ) -> list[list[float]]:
        """The last token of each sequence is only asked about, so it is not read."""
        rows = [row for row, _ in batch]
        places = [
            (row, at) for row, (ids, since) in enumerate(batch) for at in range(since - 1, len(ids) - 1)
        ]
        if not places:
            return [[] for _ in rows]
        logits = forward.logits_at(self._padded([ids[:-1] for ids in rows]), places)
        if without:
            forbid(logits, rows, places, without)
        targets = self._tensor(rows[row][at + 1] for row, at in places)
        found = iter(log_probs(logits, targets))
        return [list(islice(found, max(0, len(ids) - since))) for ids, since in batch]

    def _padded(self, rows: Sequence[Sequence[int]]) -> Any:
        """One tensor of rows of tokens, padded on the right."""
        width, fill = max(map(len, rows)), self.padding
        filled = ((*row, *[fill] * (width - len(row))) for row in rows)
        return self._tensor(chain.from_iterable(filled)).view(-1, width)

    def _tensor(self, numbers: Iterable[int]) -> Any:
        return whole_numbers(numbers).to(self.device)

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        seed: int,
        most: int,
        done: Callable[[str], bool],
        temperature: float = 1.0,
    ) -> list[tuple[int, ...]]:
        """One continuation of each prompt, with the keys and values of what was read kept.

        Args:
            prompts: in tokens, of any lengths.
            seed: the same seed and the same prompts give the same continuations.
            most: tokens of a continuation.
            done: whether a continuation, as text, is complete.
            temperature: 0 takes the likeliest token each time.
        """
        import torch

        rounds = iter(range(seed, seed + len(prompts) + 1))

        def work(batch: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
            with torch.random.fork_rng(enabled=True):
                torch.manual_seed(next(rounds))
                return self._sample(batch, most, done, temperature)

        return self.batches.map(work, prompts, length=len)

    def _sample(
        self,
        batch: Sequence[Sequence[int]],
        most: int,
        done: Callable[[str], bool],
        temperature: float,
    ) -> list[tuple[int, ...]]:
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList

        width = max(map(len, batch))
        ids = torch.tensor([[*[self.padding] * (width - len(row)), *row] for row in batch])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in batch])
        written: list[tuple[int, ...] | None] = [None] * len(batch)

        class Complete(StoppingCriteria):  # type: ignore[misc]
            def __call__(criterion, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: N805, ARG002
                for place, row in enumerate(input_ids[:, width:].tolist()):
                    if written[place] is None and (row[-1] == end or done(self.decode(row))):
                        written[place] = tuple(row[:-1] if row[-1] == end else row)
                return torch.tensor([one is not None for one in written], device=input_ids.device)

        end = self.tokenizer.eos_token_id
        sampling = (
            {"do_sample": True, "temperature": temperature, "top_k": 0}
            if temperature
            else {"do_sample": False}
        )
        with torch.inference_mode():
            made = self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                max_new_tokens=most,
                pad_token_id=self.padding,
                stopping_criteria=StoppingCriteriaList([Complete()]),
                **sampling,
            )
        return [
            tuple(row) if known is None else known
            for known, row in zip(written, made[:, width:].tolist(), strict=True)
        ]


def _cached(name: str) -> str:
    """The folder of a model in the local cache; given a name, transformers asks the hub for adapters."""
    from huggingface_hub import snapshot_download

    return snapshot_download(name, local_files_only=True)
