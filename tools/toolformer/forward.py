"""A forward pass that computes no more than is asked for, with the fastest matrix products that there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any


def logits_at(model: Any, ids: Any, places: Sequence[tuple[int, int]]) -> Any:
    """What comes after some places of a batch: 32-bit logits of the shape (places, vocabulary).

    The output layer, which over a large vocabulary costs as much as many others, only sees these places.
    Whatever the model does with its logits afterwards (caps, scales) happens as ever; a model whose output
    layer cannot be found computes them all.

    Args:
        model: a `PreTrainedModel`.
        ids: of the shape (texts, width), on the model's device. Padding is on the right, where causal
            attention never looks, so that no mask is needed.
        places: text and token, of each.
    """
    import torch

    rows, columns = torch.tensor(places, device=ids.device).T
    picked = False

    def pick(_: Any, arguments: tuple[Any, ...]) -> Any:
        nonlocal picked
        if len(arguments) != 1 or arguments[0].shape[:2] != ids.shape:
            return None
        picked = True
        hidden = arguments[0]
        return hidden[rows.to(hidden.device), columns.to(hidden.device)][None]

    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(pick) if head is not None else None
    try:
        with torch.inference_mode():
            logits = model(input_ids=ids, use_cache=False).logits
    finally:
        if hook is not None:
            hook.remove()
    found = logits[0] if picked else logits[rows.to(logits.device), columns.to(logits.device)]
    return found.float()


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
