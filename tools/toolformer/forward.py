"""A forward pass that computes no more than is asked for, with the fastest matrix products that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any


def logits_at(model: Any, ids: Any, places: Sequence[tuple[int, int]], *, narrow: bool = True) -> Any:
    """What comes after some places of a batch: 32-bit logits of the shape (places, vocabulary).

    The output layer, which over a large vocabulary costs as much as many others, only sees these places, and
    where they are few so does the last layer's MLP. Whatever the model does with its logits afterwards (caps,
    scales) happens as ever; a model whose layers cannot be found, or read twice, computes everything.

    Args:
        model: a `PreTrainedModel`.
        ids: of the shape (texts, width), on the model's device. Padding is on the right, where causal
            attention never looks, so that no mask is needed.
        places: text and token, of each.
        narrow: whether to spare layers anything.
    """
    import torch

    some = _Places(ids.shape, places)
    head = model.get_output_embeddings() if narrow else None
    mlp = _last_mlp(model) if narrow and 2 * len(places) < ids.numel() else None
    hooks = [layer.register_forward_pre_hook(some.pick) for layer in (head, mlp) if layer is not None]
    hooks += [mlp.register_forward_hook(some.spread)] if mlp is not None else []
    try:
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False).logits
    finally:
        for hook in hooks:
            hook.remove()
    if some.repeated:
        return logits_at(model, ids, places, narrow=False)
    return (logits[0] if head in some.picked else some.of(logits)[0]).float()


class _Places:
    """Lets layers see only some places of a batch.

    Attributes:
        picked: the layers that did.
        repeated: whether one of them read more than once, so that what it made is of no use.
    """

    def __init__(self, shape: Any, places: Sequence[tuple[int, int]]) -> None:
        import torch

        self._shape = tuple(shape)
        self._index = torch.tensor(places).T
        self.picked: set[Any] = set()
        self.repeated = False

    def of(self, whole: Any) -> Any:
        """Shape (1, places, ...) of (texts, width, ...)."""
        rows, columns = self._index.to(whole.device)
        return whole[rows, columns][None]

    def pick(self, layer: Any, arguments: tuple[Any, ...]) -> Any:
        """A hook before a layer."""
        if len(arguments) != 1 or tuple(arguments[0].shape[:2]) != self._shape:
            return None
        self.repeated |= layer in self.picked
        self.picked.add(layer)
        return (self.of(arguments[0]),)

    def spread(self, layer: Any, _: Any, made: Any) -> Any:
        """A hook after a layer: what it made at its places, nothing at the others."""
        if layer not in self.picked:
            return None
        whole = made.new_zeros(*self._shape, made.shape[-1])
        rows, columns = self._index.to(made.device)
        whole[rows, columns] = made[0]
        return whole


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


@contextmanager
def quick_products(model: Any) -> Iterator[None]:
    """Within it a model's dense layers use oneDNN for 32-bit numbers on a processor with AVX-512.

    No gradient passes them, so nothing can be trained. Left alone PyTorch asks MKL, which makes no use of
    AVX-512 on AMD's processors and is half as fast there.
    """
    layers = _dense(model)
    for layer in layers:
        layer.forward = partial(_product, layer)
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


def _product(layer: Any, read: Any) -> Any:
    """`Conv1D` of transformers is a dense layer, its weights the other way round."""
    import torch

    weight = layer.weight if isinstance(layer, torch.nn.Linear) else layer.weight.t()
    return torch.ops.mkldnn._linear_pointwise(read, weight, layer.bias, "none", [], "")
