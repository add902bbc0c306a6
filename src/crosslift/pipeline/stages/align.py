"""Alignment: objectives on bitext that bring translations closer together."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.encoder.encoder import Encoder
from crosslift.pipeline.cached_stage import Plan, Staged, cached_stage
from crosslift.pipeline.inputs.corpora import Corpus
from crosslift.pipeline.inputs.tokenized import bitext_feed, health
from crosslift.pipeline.lab_resources import with_lab_seed
from crosslift.pipeline.objectives import objectives_of
from crosslift.recipe import Recipe


def align(start: Staged, recipe: Recipe, corpora: Sequence[Corpus]) -> Staged:
    """Train the alignment objectives, each on its bitext."""
    assert recipe.align is not None
    table = recipe.align.model_copy(update={"objective": with_lab_seed(recipe.align.objective, "align", recipe)})
    seed = table.seed_for(recipe.seed)

    def plan(encoder: Encoder) -> Plan:
        objectives, steps = objectives_of(table, bitext_feed(encoder, corpora, table, seed), seed)
        batch_size = len(objectives[0].stream.batch(0))
        return Plan(objectives, steps, health(encoder, corpora[0], table, steps=steps, batch_size=batch_size))

    return cached_stage("align", start, table, seed, [corpus.fingerprint for corpus in corpora], plan)
