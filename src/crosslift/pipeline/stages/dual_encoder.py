"""Dual-encoder training: queries and their answers are the pairs of a contrastive objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crosslift.api import registry
from crosslift.api.examples import Candidate, RankingExample
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair, Tokens
from crosslift.encoder.pooling import write_pooling
from crosslift.pipeline.cached_stage import Plan, Staged, cached_stage
from crosslift.pipeline.inputs.task_data import TaskData
from crosslift.pipeline.inputs.tokenized import Items
from crosslift.pipeline.objectives import objectives_of
from crosslift.recipe import DualEncoderTable, Recipe
from crosslift.train.method import Method


def dual_encoder(start: Staged, recipe: Recipe, data: TaskData) -> Staged:
    """Train the encoder's sentence vectors, and write their pooling into its configuration."""
    table = recipe.dual_encoder
    assert table is not None
    seed = table.seed_for(recipe.seed)
    first = _methods(table)[0]

    def plan(encoder: Encoder) -> Plan:
        items = _pairs(encoder, table, data)

        def feed(index: int, method: Method) -> Items:
            del index, method
            return items, [0] * len(items)

        objectives, steps = objectives_of(table, feed, seed)
        return Plan(objectives, steps, finish=lambda _: write_pooling(encoder.base.config, first.vectors_by))

    return cached_stage("dual_encoder", start, table, seed, data.fingerprint, plan)


def check_dual_encoder(recipe: Recipe, encoder: Encoder) -> None:
    """Check that the encoder has the parts that its vectors are made of.

    Raises:
        CheckpointError: it lacks the pooler that an objective trains.
    """
    for method in _methods(recipe.dual_encoder) if recipe.dual_encoder else ():
        method.auxiliary_module(encoder)


def _methods(table: DualEncoderTable) -> list[Any]:
    return [registry.load("align", objective.use).model_validate(objective.settings) for objective in table.objective]


def _pairs(encoder: Encoder, table: DualEncoderTable, data: TaskData) -> list[TokenPair]:
    examples = [example for example in data.train if isinstance(example, RankingExample)]
    answers = [example.answer for example in examples if example.answer is not None]
    query_length, answer_length = (table.max_length or length for length in data.task.lengths)
    queries = encoder.tokenize([each.query for each in examples], max_length=query_length, language=data.source)
    tokenized = _tokenized(encoder, answers, answer_length, data.source)
    return [TokenPair(*sides) for sides in zip(queries, tokenized, strict=True)]


def _tokenized(encoder: Encoder, answers: Sequence[Candidate], max_length: int, language: str) -> list[Tokens]:
    """Tokenize answers as evaluation tokenizes candidates: each with its context if it has one."""
    contexts = None if answers[0].context is None else [answer.context or "" for answer in answers]
    return encoder.tokenize([answer.text for answer in answers], contexts, max_length=max_length, language=language)
