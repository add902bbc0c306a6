"""The alignment stage: objectives on bitext."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.encoder.encoder import Encoder
from crosslift.pipeline.cached_stage import Plan, Staged, stage
from crosslift.pipeline.inputs.corpora import Corpus
from crosslift.pipeline.inputs.tokenized import bitext_feed, health
from crosslift.pipeline.lab_resources import in_its_world
from crosslift.pipeline.objectives import objectives_of
from crosslift.pipeline.stage_seed import stage_seed
from crosslift.recipe import Recipe


def align(start: Staged, recipe: Recipe, corpora: Sequence[Corpus]) -> Staged:
    """Run the recipe's alignment objectives, each on its bitext."""
    assert recipe.align is not None
    table = recipe.align.model_copy(update={"objective": in_its_world(recipe.align.objective, "align", recipe)})
    seed = stage_seed(table, recipe.seed)

    def plan(encoder: Encoder) -> Plan:
        objectives, steps = objectives_of(table, bitext_feed(encoder, corpora, table, seed), seed)
        batch_size = len(objectives[0].stream.batch(0))
        return Plan(objectives, steps, health(encoder, corpora[0], table, steps=steps, batch_size=batch_size))

    return stage("align", start, table, seed, [corpus.fingerprint for corpus in corpora], plan)
