"""Pre-training: masked language modelling on unpaired text."""

from __future__ import annotations

from crosslift.encoder.encoder import Encoder
from crosslift.pipeline.cached_stage import Plan, Staged, cached_stage
from crosslift.pipeline.inputs.corpora import Text
from crosslift.pipeline.inputs.tokenized import text_feed
from crosslift.pipeline.objectives import objectives_of
from crosslift.recipe import Recipe


def pretrain(start: Staged, recipe: Recipe, text: Text) -> Staged:
    """Pre-train the encoder on unpaired text."""
    table = recipe.pretrain
    assert table is not None
    seed = table.seed_for(recipe.seed)

    def plan(encoder: Encoder) -> Plan:
        return Plan(*objectives_of(table, text_feed(encoder, text, table.max_length), seed))

    return cached_stage("pretrain", start, table, seed, text.fingerprint, plan)
