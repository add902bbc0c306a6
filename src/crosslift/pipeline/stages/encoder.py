"""The encoder that a run starts from: a checkpoint, or one built from scratch."""

from __future__ import annotations

from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.scratch.tokenizer import train_tokenizer, word_tokenizer
from crosslift.errors import RecipeError
from crosslift.pipeline.cached_stage import CACHE_VERSION, Staged, fingerprint
from crosslift.pipeline.inputs.corpora import Text
from crosslift.recipe import Recipe, content_hash
from crosslift.train import processes


def starting_encoder(recipe: Recipe, text: Text | None) -> Staged:
    """Load the checkpoint of the recipe, or build an encoder from scratch with a tokenizer trained on `text`.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        RecipeError: an encoder from scratch without [pretrain].
    """
    name = recipe.encoder.model
    preset = "lab" if name == "lab" else name.removeprefix("scratch:")
    if preset == name and name != "lab":
        encoder = Encoder.load(name, revision=recipe.encoder.revision).to(default_device())
        return Staged(encoder, content_hash([CACHE_VERSION, fingerprint(encoder)]))
    if text is None or recipe.pretrain is None:
        raise RecipeError(f"encoder.model: '{name}' is untrained, so it needs a [pretrain] table with text")
    size, seed = recipe.encoder.vocabulary_size, recipe.pretrain.seed
    train = word_tokenizer if name == "lab" else train_tokenizer
    tokenizer = train(text.sentences(), size)
    encoder = Encoder.scratch(preset, tokenizer, seed=seed).to(default_device())
    processes.agree(lambda: fingerprint(encoder), "the tokenizer they trained")
    return Staged(encoder, content_hash([CACHE_VERSION, preset, size, seed, text.fingerprint]))
