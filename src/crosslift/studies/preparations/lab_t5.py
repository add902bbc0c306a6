"""A checkpoint for the lab in the shape of Flan-T5: two gated layers per side, random weights, the lab's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, processors

from crosslift.compat import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration, quiet
from crosslift.encoder.seeding import seeded
from crosslift.lab import shared_world

SENTENCES = 6000
"""Sentences of each language, whose words are the vocabulary."""
SENTINELS = 100
"""Sentinel tokens of T5."""


def prepare(folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Write the checkpoint, unless it exists, and return its path as `encoder`.

    Args:
        folder: the folder to write to.
        values: the words in `words`, separated by spaces, join the vocabulary: those of prompts and label words.
    """
    directory = folder / "flan-t5-lab"
    if not directory.is_dir():
        tokenizer = _tokenizer(str(values.get("words", "")).split())
        with seeded(0):
            model = T5ForConditionalGeneration(_config(len(tokenizer)))
        unfinished = directory.with_name(directory.name + ".unfinished")
        with quiet():
            model.save_pretrained(unfinished)
            tokenizer.save_pretrained(unfinished)
        unfinished.rename(directory)
    return {"encoder": str(directory)}


def _config(size: int) -> T5Config:
    shape: dict[str, Any] = {
        "vocab_size": size,
        "decoder_start_token_id": 0,
        "d_model": 128,
        "d_kv": 32,
        "d_ff": 256,
        "num_layers": 2,
        "num_decoder_layers": 2,
    }
    shape |= {"num_heads": 4, "feed_forward_proj": "gated-gelu", "dropout_rate": 0.0, "tie_word_embeddings": False}
    return T5Config(**shape)


def _tokenizer(words: Iterable[str]) -> PreTrainedTokenizerFast:
    world = shared_world(0)
    found = {w for one in world.languages for text in world.text(one.code, SENTENCES) for w in text.split()}
    special = ["<pad>", "</s>", "<unk>", *(f"<extra_id_{number}>" for number in range(SENTINELS))]
    vocabulary = {token: number for number, token in enumerate([*special, *sorted(found | set(words))])}
    pipeline = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    pipeline.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    pipeline.add_special_tokens(special)
    pipeline.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=pipeline, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        extra_special_tokens=special[3:], model_max_length=128,
    )  # fmt: skip
