"""The demo's model from scratch: a tokenizer of whole words and pairs of digits, a small GPT-NeoX, its texts.

What makes so small a model learn to copy out of its context within a minute: two layers that begin as what
trained transformers end up with, an induction head (Olsson et al. 2022). In the first layer heads look at the
token before; in the second they look for the token that followed the last time, and copy it. Without, the
filter keeps nothing: a model that cannot copy a result has no use for one.
"""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

from fieldcraft.tools.toolformer.demo.corpus import KINDS, MADE_UP, story
from fieldcraft.tools.toolformer.errors import require_extra
from fieldcraft.tools.toolformer.lm.model import LanguageModel

PATTERN = r" ?[A-Za-z]+| ?->| ?\d{1,2}(?=(?:\d\d)*(?!\d))| \[| [-+*]|."
"""A word, or two digits of a number counted from its end, with the space before it; else one character."""
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
_MARKS = {*"[]()+-*:;,.? ", " [", "->", " ->", " +", " -", " *", "calculator", "calendar", "search", "note"}
_STORIES_FOR_WORDS = 4_000
CONTEXT = 160
EMBEDDING = 0.1
"""Standard deviation of a new embedding; what the induction heads write is measured by it."""
SHARPNESS = 6.0
GAIN = 3.0
ROTARY_BASE = 100.0
ROTARY_PART = 0.25


@cache
def words() -> tuple[str, ...]:
    """Every token of the demo's texts, special ones first."""
    chosen = random.Random(1)  # noqa: S311 - no secret
    found: set[str] = _MARKS | set(MADE_UP)
    for kind in KINDS:
        for _ in range(_STORIES_FOR_WORDS):
            found.update(re.findall(PATTERN, story(chosen, kind).text))
    found |= {f"{number:02d}" for number in range(100)} | {f" {number}" for number in range(100)}
    return (*SPECIAL, *sorted(found))


def tokenizer() -> Any:
    """The demo's tokenizer, a Hugging Face one."""
    require_extra()
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words())}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    inner.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        **{f"{name}_token": word for name, word in zip(("pad", "bos", "eos", "unk"), SPECIAL, strict=True)},
        model_max_length=CONTEXT,
    )


def new_model(
    *, seed: int, width: int = 128, layers: int = 3, heads: int = 4, device: str = "cpu"
) -> LanguageModel:
    """The untrained model with its tokenizer."""
    made = tokenizer()
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=len(made),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        use_parallel_residual=False,
        hidden_act="relu",
        hidden_dropout=0.0,
        attention_dropout=0.0,
        bos_token_id=made.bos_token_id,
        eos_token_id=made.eos_token_id,
        pad_token_id=made.pad_token_id,
        rope_parameters={
            "rope_type": "default",
            "rope_theta": ROTARY_BASE,
            "partial_rotary_factor": ROTARY_PART,
        },
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = GPTNeoXForCausalLM(config)
        with torch.no_grad():
            _induct(model)
    return LanguageModel(model, made, device=device, batch_size=128)


def _induct(model: Any) -> None:
    """Let the first two layers begin as an induction head."""
    import torch

    first, second = (layer.attention for layer in model.gpt_neox.layers[:2])
    heads, size, width = first.config.num_attention_heads, first.head_size, first.config.hidden_size
    rotary = int(size * ROTARY_PART)
    model.gpt_neox.embed_in.weight.normal_(0, EMBEDDING)
    for layer in model.gpt_neox.layers:
        layer.mlp.dense_4h_to_h.weight.mul_(0.1)
    frequencies = ROTARY_BASE ** (-torch.arange(0, rotary, 2) / rotary)
    weights = first.query_key_value.weight.view(heads, 3, size, width)
    biases = first.query_key_value.bias.view(heads, 3, size)
    free = _orthogonal(width, width)
    reads, writes = [], []
    for head in range(2):
        weights[head, :2].mul_(0.1)
        biases[head, 0, : rotary // 2] = SHARPNESS
        biases[head, 1, : rotary // 2] = SHARPNESS * frequencies.cos()
        biases[head, 1, rotary // 2 : rotary] = SHARPNESS * frequencies.sin()
        reads.append(_orthogonal(size, width))
        writes.append(free[:, head * size : (head + 1) * size])
        weights[head, 2] = reads[head]
        first.dense.weight[:, head * size : (head + 1) * size] = writes[head] * 2 * EMBEDDING
    weights = second.query_key_value.weight.view(heads, 3, size, width)
    copied = _orthogonal(width, width)
    for head in range(heads):
        matched = _orthogonal(size - rotary, size) * GAIN
        weights[head, :2, :rotary].mul_(0.1)
        weights[head, 0, rotary:] = matched @ reads[head % 2]
        weights[head, 1, rotary:] = matched @ writes[head % 2].T
        part = copied[head * size : (head + 1) * size]
        weights[head, 2] = part
        second.dense.weight[:, head * size : (head + 1) * size] = part.T * 3 * EMBEDDING


def _orthogonal(rows: int, columns: int) -> Any:
    import torch

    basis, _ = torch.linalg.qr(torch.randn(max(rows, columns), min(rows, columns)))
    return basis.T if rows < columns else basis


def pretraining_text(chosen: random.Random) -> str:
    """A text for the base model: stories, bracketed notes whose words come again, and repeated nonsense.

    Bracketed text is as in any corpus that has code in it: the functions are made up, no tool is named.
    """
    share = chosen.random()
    if share < 0.15:
        again, between = _nonsense(chosen, 2, 7), _nonsense(chosen, 0, 4)
        return f"note:{again};{between}{again}"
    chosen_story = story(chosen)
    if share < 0.4:
        return chosen_story.text
    noted = (story(chosen) if chosen.random() < 0.15 else chosen_story).answer
    before = re.findall(PATTERN, chosen_story.before)
    style = chosen.random()
    if style < 0.2:
        return f"note:{noted}; {chosen_story.text}"
    name = chosen.choice(MADE_UP)
    if style < 0.6:
        space = chosen.choice(["", " "])
        return f" [{name}({_span(chosen, before)}) ->{noted}]{space}{chosen_story.text}"
    place = len(before) if chosen.random() < 0.5 else chosen.randint(3, len(before))
    bracket = f" [{name}({_span(chosen, before[:place])}) ->{noted}]"
    return "".join([*before[:place], bracket, *before[place:]]) + chosen_story.answer + chosen_story.after


def _span(chosen: random.Random, tokens: list[str]) -> str:
    """Some words that stand together, two such stretches with a mark between, or none."""
    share = chosen.random()
    if share < 0.2:
        return ""
    if share < 0.6:
        return _stretch(chosen, tokens, 7)
    return (
        _stretch(chosen, tokens, 2)
        + chosen.choice([" +", " -", " *", ",", ":"])
        + _stretch(chosen, tokens, 2)
    )


def _stretch(chosen: random.Random, tokens: list[str], most: int) -> str:
    begin = chosen.randrange(len(tokens))
    return "".join(tokens[begin : begin + chosen.randint(1, most)])


def _nonsense(chosen: random.Random, least: int, most: int) -> str:
    return "".join(chosen.choice(_plain_words()) for _ in range(chosen.randint(least, most)))


@cache
def _plain_words() -> tuple[str, ...]:
    return tuple(word for word in words()[len(SPECIAL) :] if not set(word) & set("[]>"))
