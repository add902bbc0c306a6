"""Language adapters: one per language, trained on text in that language in a frozen encoder.

Each adapter is cached on its own, so recipes with different languages share the adapters that they have in common.
Paper: Pfeiffer et al. 2020, arXiv 2005.00052, section 3.2.
"""

from __future__ import annotations

from pathlib import Path

from crosslift.adapters.bottleneck import Bottlenecks, insert
from crosslift.adapters.languages import LanguageAdapters, load_adapter, save_adapter
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.text_to_text import is_text_to_text
from crosslift.errors import RecipeError
from crosslift.pipeline.cached_stage import Cached, Plan, Staged, train_once
from crosslift.pipeline.inputs.corpora import Text
from crosslift.pipeline.inputs.tokenized import text_feed
from crosslift.pipeline.objectives import objectives_of
from crosslift.recipe import LanguageAdaptersTable, Recipe, TextTable
from crosslift.train.loop import Trained

_FILE = "adapter.safetensors"


def language_adapters(start: Staged, recipe: Recipe, text: Text) -> tuple[Staged, LanguageAdapters]:
    """Train one adapter per language of the text; return the unchanged encoder with their results, and the adapters.

    Raises:
        RecipeError: the encoder cannot predict words.
    """
    table = recipe.language_adapters
    assert table is not None
    _check_encoder(start.encoder, table)
    adapters = {}
    staged = start
    for code, sentences in text.by_language.items():
        cached = _train(start, table, recipe, Text({code: sentences}))
        adapters[code] = load_adapter(start.encoder, cached.folder / "model" / _FILE)
        staged = staged.plus(cached.outcome)
    return staged, LanguageAdapters(adapters, table.fallback)


def _train(start: Staged, table: LanguageAdaptersTable, recipe: Recipe, text: Text) -> Cached:
    """Train the adapter of one language."""
    (code,) = text.by_language
    seed = table.seed_for(recipe.seed)
    # The text of other languages and the fallback do not change this adapter, so they are not part of its key.
    alone = table.model_copy(update={"text": TextTable(), "fallback": None})

    def plan(encoder: Encoder) -> Plan:
        return _plan(encoder, alone, text, seed)

    return train_once(f"language_adapter.{code}", start, alone, seed, text.fingerprint, plan)


def _plan(encoder: Encoder, table: LanguageAdaptersTable, text: Text, seed: int) -> Plan:
    adapter = Bottlenecks.of(encoder, reduction=table.reduction, seed=seed, invertible=table.invertible)
    encoder.train().model.requires_grad_(False)
    remove = insert(encoder, lambda: (adapter,))

    def finish(_trained: Trained) -> None:
        remove()
        encoder.model.requires_grad_(True)

    def save(directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        save_adapter(adapter, directory / _FILE)

    objectives, steps = objectives_of(table, text_feed(encoder, text, table.max_length), seed)
    return Plan(objectives, steps, module=adapter, finish=finish, save=save)


def _check_encoder(encoder: Encoder, table: LanguageAdaptersTable) -> None:
    """Check that the encoder can predict masked words, and has embeddings that an invertible adapter can map back."""
    if table.invertible and is_text_to_text(encoder):
        raise RecipeError(
            "language_adapters.invertible: an invertible adapter is inverted before words are predicted, but "
            f"{encoder.name} predicts them with a decoder; remove the key"
        )
    if not (encoder.has_masked_language_model or is_text_to_text(encoder)):
        raise RecipeError(
            f"language_adapters: {encoder.name} has no masked-LM head, which masked language modelling needs; start "
            "from a checkpoint with such a head"
        )
