"""A forward pass that computes no more than is asked for, with the fastest matrix products that there are."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any


class Forward:
    """Forward passes of one model, one at a time; `reading` makes it.

    The output layer, which over a large vocabulary costs as much as many others, only sees the places that
    are asked about, and where they are few so does the last layer's MLP. Whatever the model does with its
    logits afterwards (caps, scales) happens as ever; a model whose layers cannot be found, or read twice,
    computes everything.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._head, self._mlp = model.get_output_embeddings(), _last_mlp(model)
        self._some: _Places | None = None
        layers = [layer for layer in (self._head, self._mlp) if layer is not None]
        self._hooks = [layer.register_forward_pre_hook(self._pick) for layer in layers]
        if self._mlp is not None:
            self._hooks.append(self._mlp.register_forward_hook(self._spread))

    def close(self) -> None:
        """Leave the model as it was."""
        for hook in self._hooks:
            hook.remove()

    def logits_at(self, ids: Any, places: Sequence[tuple[int, int]]) -> Any:
        """What comes after some places of a batch: 32-bit logits of the shape (places, vocabulary).

        Args:
            ids: of the shape (texts, width), on the model's device. Padding is on the right, where causal
                attention never looks, so that no mask is needed.
            places: text and token, of each.
        """
        import torch

        few = 2 * len(places) < ids.numel()
        some = _Places(ids.shape, places, {self._head, self._mlp} if few else {self._head})
        self._some = some
        try:
            with torch.inference_mode():
                logits = self._model(input_ids=ids, use_cache=False).logits
                if some.repeated:
                    self._some = None
                    logits = self._model(input_ids=ids, use_cache=False).logits
        finally:
            self._some = None
        narrow = self._head in some.picked and not some.repeated
        return (logits[0] if narrow else some.of(logits)[0]).float()

    def _pick(self, layer: Any, arguments: tuple[Any, ...]) -> Any:
        return None if self._some is None else self._some.pick(layer, arguments)

    def _spread(self, layer: Any, _: Any, made: Any) -> Any:
        return None if self._some is None else self._some.spread(layer, made)


class _Places:
    """Lets layers see only some places of a batch.

    Attributes:
        picked: the layers that did.
        repeated: whether one of them read more than once, so that what it made is of no use.
    """

    def __init__(self, shape: Any, places: Sequence[tuple[int, int]], layers: set[Any]) -> None:
        self._shape = tuple(shape)
        self._index = whole_numbers(chain.from_iterable(places)).view(-1, 2).T
        self._layers = layers
        self.picked: set[Any] = set()
        self.repeated = False

    def of(self, whole: Any) -> Any:
        """Shape (1, places, ...) of (texts, width, ...)."""
        rows, columns = self._index.to(whole.device)
        return whole[rows, columns][None]

    def pick(self, layer: Any, arguments: tuple[Any, ...]) -> Any:
        """What a layer reads instead; nothing where it is to read everything."""
        whole = len(arguments) == 1 and tuple(arguments[0].shape[:2]) == self._shape
        if layer not in self._layers or not whole:
            return None
        self.repeated |= layer in self.picked
        self.picked.add(layer)
        return (self.of(arguments[0]),)

    def spread(self, layer: Any, made: Any) -> Any:
        """What a layer made at its places, nothing at the others."""
        if layer not in self.picked:
            return None
        whole = made.new_zeros(*self._shape, made.shape[-1])
        rows, columns = self._index.to(made.device)
        whole[rows, columns] = made[0]
        return whole


@contextmanager
def reading(model: Any) -> Iterator[Forward]:
    """Forward passes of a model, which is as before afterwards.

    Where its modules can be copied it is not touched at all, and may be read in several threads.
    """
    read = _twin(model) if can_be_copied(model) else model
    with quick_products(read):
        forward = Forward(read)
        try:
            yield forward
        finally:
            forward.close()


def can_be_copied(model: Any) -> bool:
    """Not where accelerate or `torch.compile` has wrapped a part: what they put there calls the original."""
    return not any(
        "forward" in part.__dict__ or getattr(part, "_compiled_call_impl", None) is not None
        for part in model.modules()
    )


def _twin(model: Any) -> Any:
    """The same weights in modules of their own, which can be changed, and what they note while they read."""
    copies: dict[Any, Any] = {}

    def copied(part: Any) -> Any:
        if part is None or part in copies:
            return copies.get(part)
        copies[part] = one = part.__new__(type(part))
        one.__dict__ = dict(part.__dict__)
        for name in ("_buffers", "_forward_hooks", "_forward_pre_hooks"):
            one.__dict__[name] = one.__dict__[name].copy()
        one.__dict__["_modules"] = {name: copied(inner) for name, inner in part._modules.items()}
        return one

    return copied(model)


def _last_mlp(model: Any) -> Any:
    """The MLP of the last layer, after which no place sees another; none where experts share its work."""
    import torch

    stacks = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList) and len(part)]
    mlp = getattr(max(stacks, key=len)[-1], "mlp", None) if stacks else None
    if mlp is None or any(weight.ndim > 2 for weight in mlp.parameters()):
        return None
    return None if any(isinstance(part, torch.nn.ModuleList) for part in mlp.modules()) else mlp


def forbid(
    logits: Any,
    rows: Sequence[Sequence[int]],
    places: Sequence[tuple[int, int]],
    forbidden: tuple[int, ...],
) -> None:
    """Let the last forbidden token never follow the others, in the logits of these places."""
    import torch

    before, last = forbidden[:-1], forbidden[-1]
    numbers = [
        number
        for number, (row, at) in enumerate(places)
        if at + 1 >= len(before) and tuple(rows[row][at + 1 - len(before) : at + 1]) == before
    ]
    with torch.inference_mode():
        logits[numbers, last] = float("-inf")


def whole_numbers(numbers: Iterable[int]) -> Any:
    """A tensor of some numbers, at least one: `torch.tensor` reads them three times as slowly."""
    import torch

    return torch.frombuffer(array("q", numbers), dtype=torch.int64)


def log_probs(logits: Any, tokens: Any) -> list[float]:
    """The log probability of one token in each row of logits."""
    import torch

    with torch.inference_mode():
        found: list[float] = (-torch.nn.functional.cross_entropy(logits, tokens, reduction="none")).tolist()
    return found


@contextmanager
def quick_products(model: Any) -> Iterator[None]:
    """Within it a model's dense layers use oneDNN for 32-bit numbers on a processor with AVX-512.

    No gradient passes them, so nothing can be trained. Left alone PyTorch asks MKL, which makes no use of
    AVX-512 on AMD's processors and is half as fast there. `Conv1D` of transformers is a dense layer, its
    weights the other way round.
    """
    import torch

    layers = _dense(model)
    for layer in layers:
        weight = layer.weight if isinstance(layer, torch.nn.Linear) else layer.weight.t()
        layer.forward = partial(_product, weight, layer.bias)
    try:
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)


def _dense(model: Any) -> list[Any]:
    """The layers that are a plain product: not those in few bits, nor those that something has wrapped."""
    import torch
    from transformers.pytorch_utils import Conv1D

    if torch.backends.cpu.get_cpu_capability() != "AVX512" or not torch.backends.mkldnn.is_available():
        return []
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return []
    return [
        layer
        for layer in model.modules()
        if type(layer) in (torch.nn.Linear, Conv1D)
        and "forward" not in layer.__dict__
        and layer.weight.dtype == torch.float32
        and layer.weight.device.type == "cpu"
    ]


def _product(weight: Any, bias: Any, read: Any) -> Any:
    import torch

    return torch.ops.mkldnn._linear_pointwise(read, weight, bias, "none", [], "")
