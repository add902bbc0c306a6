"""Items of objectives: tokenized as each objective needs them, from its own bitext."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from crosslift import recipe as recipes
from crosslift.align.mlm import Mlm
from crosslift.data.bitext import Bitext
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import TokenPair
from crosslift.pipeline.inputs import read
from crosslift.pipeline.inputs.corpora import Corpus, Text
from crosslift.pipeline.inputs.tokenized import bitext_feed, health, text_feed
from crosslift.pipeline.objectives import objectives_of
from crosslift.recipe import AlignTable
from crosslift.train.method import Method
from tests.runs import TINY

PAIRS = [("The red cat", "Die rote Katze"), ("A man", "Ein Mann"), ("It's raining", "Es regnet")]


def input_settings(what: Literal["text", "bitext"], *needed: str) -> Method:
    """Return a method with these declarations."""

    class Reader(Mlm):
        input_type: ClassVar[Any] = what
        requires: ClassVar[frozenset[str]] = frozenset(needed)

    return Reader()


@pytest.fixture(scope="module")
def encoder(checkpoint: Callable[[str], Path]) -> Encoder:
    return Encoder.load(checkpoint("bert"))


def corpus(pairs: Sequence[tuple[str, str]] = PAIRS) -> Corpus:
    links = [[(k, k) for k in range(min(map(len, map(str.split, pair))))] for pair in pairs]
    return Corpus("en", {"de": Bitext.from_pairs(pairs, languages=("en", "de"), links=links)})


TABLE = AlignTable.model_validate({"objective": [{"use": "tlm"}, {"use": "tlm", "bitext": {"link_subwords": "equal"}}]})


def test_items_have_what_the_method_requires_and_no_more(encoder: Encoder) -> None:
    feed = bitext_feed(encoder, [corpus(), corpus(PAIRS[:1])], TABLE, seed=0)
    plain, groups = feed(0, input_settings("bitext"))
    assert [pair.links for pair in plain] == [None] * 3
    assert list(groups) == [0, 0, 0]
    assert all(pair.source.words is None for pair in plain)
    linked, _ = feed(0, input_settings("bitext", "links"))
    assert all(pair.links and pair.source.words for pair in linked)
    assert [pair.source.ids for pair in linked] == [pair.source.ids for pair in plain]
    words, _ = feed(0, input_settings("bitext", "words"))
    assert all(pair.links is None and pair.target.words for pair in words)
    texts, groups = feed(0, input_settings("text", "words"))
    assert [text.ids for text in texts] == [side.ids for pair in plain for side in (pair.source, pair.target)]
    assert all(text.words for text in texts)
    assert len(groups) == 6


def test_objectives_have_their_own_bitext_and_share_equal_items(encoder: Encoder) -> None:
    both = corpus()
    feed = bitext_feed(encoder, [both, both], TABLE, seed=0)
    assert feed(0, input_settings("bitext"))[0] is feed(1, input_settings("bitext"))[0]
    assert feed(0, input_settings("bitext", "links"))[0] is not feed(1, input_settings("bitext", "links"))[0]


def test_a_batch_is_drawn_from_one_pool_and_has_full_size(encoder: Encoder) -> None:
    texts = [" ".join(words) for words in product(("the", "cat", "man", "red", "house"), repeat=3)]
    many = Bitext.from_pairs(list(zip(texts[:90], texts[10:100], strict=True)), languages=("en", "de"))
    few = Bitext.from_pairs(list(zip(texts[90:120], texts[95:], strict=True)), languages=("en", "sw"))
    table = AlignTable.model_validate({"objective": [{"use": "hybrid_batch", "alpha": 0.6}], "batch_size": 10})
    feed = bitext_feed(encoder, [Corpus("en", {"de": many, "sw": few})], table, seed=0)
    ((objective,), steps) = objectives_of(table, feed, seed=3)
    assert steps == 12  # each pair once per epoch
    task_types = Counter(task_type(objective.stream.batch(step)) for step in range(600))
    assert task_types.keys() == {"across", "de", "en", "sw"}
    assert task_types["across"] / 600 == pytest.approx(0.4, abs=0.06)
    assert [task_types[language] / 600 for language in ("de", "en", "sw")] == pytest.approx([0.2] * 3, abs=0.05)


def task_type(batch: Sequence[Any]) -> str:
    """Return the language of a whole batch, or "across"."""
    assert len(batch) == 10
    if all(isinstance(item, TokenPair) for item in batch):
        return "across"
    (language,) = {side.language for item in batch for side in (item.query.source, item.passage.target)}
    return str(language)


def test_text_is_tokenized_by_words_if_required(encoder: Encoder) -> None:
    feed = text_feed(encoder, Text({"en": ["The red cat"], "de": ["Ein Mann"]}), 32)
    items, groups = feed(0, input_settings("text"))
    words, _ = feed(0, input_settings("text", "words"))
    assert [item.ids for item in items] == [item.ids for item in words]
    assert list(groups) == [0, 1]
    assert words[0].words == (-1, *words[0].words[1:-1], -1)


def test_the_probe_is_spread_over_languages(encoder: Encoder) -> None:
    many = Bitext.from_pairs([(f"cat {i}", f"Katze {i}") for i in range(500)], languages=("en", "de"))
    few = Bitext.from_pairs([("cat", "chat")], languages=("en", "fr"))
    probe = health(encoder, Corpus("en", {"de": many, "fr": few}), TABLE, steps=10_000, batch_size=32)
    assert probe is not None
    assert probe.languages == [("en", "de")] * 128 + [("en", "fr")]
    assert len(probe.pairs) == 129
    off = TABLE.model_copy(update={"health_every": None})
    assert health(encoder, corpus(), off, steps=10, batch_size=8) is None


def lab_data(**align: Any) -> read.RunData:
    return read.read(recipes.build({**copy.deepcopy(TINY), "align": {**TINY["align"], **align}}, where="test"))


def test_each_objective_reads_its_bitext() -> None:
    own = {"use": "tlm", "bitext": {"languages": ["qaf"], "limit": 10}}
    read = lab_data(objective=[{"use": "tlm"}, own, {"use": "mlm", "bitext": {"links": "aligner"}}]).corpora
    assert [list(each.by_language) for each in read] == [["qab"], ["qaf"], ["qab"]]
    assert len(read[1].by_language["qaf"]) == 10
    assert read[0] is read[2]  # other links do not make another bitext


def test_unpaired_bitext_has_the_same_sentences() -> None:
    paired, unpaired = (
        lab_data(bitext={**TINY["align"]["bitext"], "unpaired": value}).corpora[0] for value in (False, True)
    )
    rows, others = (list(each.by_language["qab"]) for each in (paired, unpaired))
    assert [source for source, _ in rows] == [source for source, _ in others]
    assert sorted(target for _, target in rows) == sorted(target for _, target in others)
    assert sum(row == other for row, other in zip(rows, others, strict=True)) < len(rows) / 4
    assert not unpaired.by_language["qab"].linked


def test_links_are_part_of_the_key_of_a_stage() -> None:
    bitext = Bitext.from_pairs(PAIRS, languages=("en", "de"))
    other = bitext.with_links([[(0, 0)], [(1, 1)], []])
    assert Corpus("en", {"de": bitext}).fingerprint != Corpus("en", {"de": other}).fingerprint


def test_the_bitext_of_an_objective_is_completed_by_that_of_the_stage() -> None:
    values = copy.deepcopy(TINY)
    values["align"]["objective"][0]["bitext"] = {"limit": 5}
    recipe = recipes.build(values, where="test")
    assert recipe.align
    assert [(table.limit, table.languages) for table in recipe.align.bitexts] == [(5, ("qab",)), (30, ("qab",))]
    again = recipes.build(json.loads(json.dumps(recipes.values(recipe))), where="again")
    assert again == recipe
