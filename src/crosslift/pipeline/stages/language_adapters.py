"""Language adapters: one for each language, trained on its own text while the encoder stays as it is.

Each is a stage of its own in the cache, so recipes that differ in their languages share what they have in common.
Paper: Pfeiffer et al. 2020, arXiv 2005.00052, section 3.2.
"""

from __future__ import annotations

from pathlib import Path

from crosslift.adapters.bottleneck import Bottlenecks, insert
from crosslift.adapters.languages import LanguageAdapters, load_adapter, save_adapter
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.text_to_text import is_text_to_text
from crosslift.errors import RecipeError
from crosslift.pipeline.cached_stage import Plan, Staged, logged, trained_in
from crosslift.pipeline.inputs.corpora import Text
from crosslift.pipeline.inputs.tokenized import text_feed
from crosslift.pipeline.objectives import objectives_of
from crosslift.pipeline.stage_seed import stage_seed
from crosslift.recipe import LanguageAdaptersTable, Recipe, TextTable
from crosslift.train.loop import Trained

_FILE = "adapter.safetensors"


def language_adapters(start: Staged, recipe: Recipe, text: Text) -> tuple[Staged, LanguageAdapters]:
    """Train the adapters that are not cached; return them, and the encoder with what they have cost.

    Raises:
        RecipeError: the encoder cannot predict words.
    """
    table = recipe.language_adapters
    assert table is not None
    _check_masked(start.encoder, table)
    made = {}
    staged = start
    for code, sentences in text.by_language.items():
        folder = _trained(start, table, recipe, Text({code: sentences}))
        made[code] = load_adapter(start.encoder, folder[0] / "model" / _FILE)
        staged = logged(staged, *folder)
    return staged, LanguageAdapters(made, table.fallback)


def _trained(start: Staged, table: LanguageAdaptersTable, recipe: Recipe, text: Text) -> tuple[Path, dict[str, object]]:
    """Return the folder of a language's adapter and what it has cost."""
    (code,) = text.by_language
    seed = stage_seed(table, recipe.seed)
    # What the others are trained on, and who is read with whom, makes no difference to this one.
    alone = table.model_copy(update={"text": TextTable(), "fallback": None})

    def plan(encoder: Encoder) -> Plan:
        return _plan(encoder, alone, text, seed)

    folder, _, record = trained_in(f"language_adapter.{code}", start, alone, seed, text.fingerprint, plan)
    return folder, record


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


def _check_masked(encoder: Encoder, table: LanguageAdaptersTable) -> None:
    if table.invertible and is_text_to_text(encoder):
        raise RecipeError(
            f"language_adapters.invertible: the map is undone before words are predicted, and {encoder.name} predicts "
            "them with a decoder; leave it out"
        )
    if not (encoder.has_masked_language_model or is_text_to_text(encoder)):
        raise RecipeError(
            f"language_adapters: {encoder.name} has no masked-LM head, which masked language modelling needs; start "
            "from a checkpoint with such a head"
        )
