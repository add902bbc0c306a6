"""Views of sentences: which words are replaced, how often, and which sentences a batch holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import chisquare

from crosslift.augment.words import WordCodec
from crosslift.data.word_neighbours import nearest_words, open_neighbours, read_neighbours
from crosslift.data.word_vectors import WordVectors
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import DataError
from crosslift.finetune.code_switch import CodeSwitch
from crosslift.finetune.label_contrastive import LabelContrastive
from crosslift.finetune.synonym_smoothing import SynonymSmoothing
from crosslift.lab import shared_world
from crosslift.train.task_items import TaskItem
from tests.unit.finetune.cases import batch_of, combined, items_of, model_of

Checkpoint = Callable[[str], Path]


def neighbours(tmp_path: Path, found: dict[str, Any]) -> str:
    path = tmp_path / "neighbours.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return str(path)


def words_of(model: Any, item: TaskItem) -> list[str]:
    return [span.word for span in WordCodec(model.encoder).spans(item.tokens)]


def test_words_are_replaced_as_often_as_they_should(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"), "sentence")
    view = SynonymSmoothing(neighbours=neighbours(tmp_path, {"sleeps": ["reads", "book", "garden"]}))
    item, generator = items_of(model)[0], torch.Generator().manual_seed(0)
    drawn = Counter(words_of(model, view.rewrite(model, [item], generator)[0])[2] for _ in range(4000))
    assert set(drawn) == {"sleeps", "reads", "book", "garden"}
    assert chisquare(list(drawn.values())).pvalue > 0.001


def test_other_words_stay_and_so_does_the_label(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"), "sentence")
    view = SynonymSmoothing(neighbours=neighbours(tmp_path, {"sleeps": ["reads"], "The": ["A"], "mat": ["red"]}))
    item = items_of(model)[0]
    seen = {
        tuple(words_of(model, view.rewrite(model, [item], torch.Generator().manual_seed(seed))[0]))
        for seed in range(40)
    }
    # "mat." has a full stop attached, so it is not in the list as written; "The" is.
    assert seen == {(a, "cat", b, "on", "the", "red", "mat") for a in ("The", "A") for b in ("sleeps", "reads")}
    loose = view.model_copy(update={"exact": False})
    assert "red" in {
        words_of(model, loose.rewrite(model, [item], torch.Generator().manual_seed(seed))[0])[-1] for seed in range(40)
    }


def test_copies_are_fixed(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"), "sentence")
    listed = neighbours(tmp_path, {word: ["book", "garden", "man"] for word in ("cat", "sleeps", "on", "the", "red")})
    item = items_of(model)[0]

    def seen(**settings: Any) -> set[tuple[int, ...]]:
        view, generator = SynonymSmoothing(neighbours=listed, **settings), torch.Generator().manual_seed(1)
        return {view.rewrite(model, [item], generator)[0].tokens.ids for _ in range(60)}

    assert len(seen(copies=3)) == 3
    assert len(seen()) > 20


def test_a_tagged_word_keeps_its_tag(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"), "tagging")
    view = SynonymSmoothing(neighbours=neighbours(tmp_path, {"cat": ["garden"], "sleeps": ["a"]}))
    item = items_of(model)[0]
    for seed in range(10):
        changed = view.rewrite(model, [item], torch.Generator().manual_seed(seed))[0]
        assert [tag for tag in changed.label if tag != IGNORED] == [tag for tag in item.label if tag != IGNORED]
        assert len(changed.label) == len(changed.tokens)


def test_views_replace_sentences_unless_both_are_compared(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"))
    view = ("synonym_smoothing", {"neighbours": neighbours(tmp_path, {"cat": ["garden"], "man": ["book"]})})
    clean = batch_of(combined(("plain", {})), model).inputs.ids
    alone, compared = batch_of(combined(view), model), batch_of(combined(view, ("consistency", {})), model)
    assert alone.view is None
    assert compared.view is not None
    assert not torch.equal(alone.inputs.ids, clean)
    assert torch.equal(compared.inputs.ids, clean)
    assert torch.equal(compared.view.ids, alone.inputs.ids)


def test_terms_sentence_labels_and_views(checkpoint: Checkpoint, tmp_path: Path) -> None:
    model = model_of(checkpoint("bert"))
    view = ("synonym_smoothing", {"neighbours": neighbours(tmp_path, {"cat": ["garden"], "man": ["book"]})})
    both = combined(view, ("label_contrastive", {"contrast_weight": 0.0}))
    terms = both.loss(model, batch_of(both, model))
    clean, alone = combined(("plain", {})), combined(view)
    assert set(terms) == {"task", "view"}
    torch.testing.assert_close(terms["task"], clean.loss(model, batch_of(clean, model))["task"])
    torch.testing.assert_close(terms["view"], alone.loss(model, batch_of(alone, model))["task"], atol=1e-5, rtol=1e-4)


def test_pairs_of_a_premise_share_a_batch() -> None:
    from crosslift.train.batches import Stream
    from tests.unit.finetune.cases import examples

    method = LabelContrastive(same_premise=True)
    blocks = [method.block(example) for example in examples()]
    stream = Stream(blocks, [len(str(block)) for block in blocks], batch_size=4, seed=3, blocks=blocks)
    for step in range(6):
        batch = Counter(stream.batch(step))
        assert set(batch.values()) == {2}
        assert len(batch) == 2
    assert LabelContrastive().block(examples()[0]) is None


def test_code_switched_words_are_translations(checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "en-de.txt"
    path.write_text("cat\tKatze\nred\troten\n", encoding="utf-8")
    model = model_of(checkpoint("bert"), "sentence")
    view = CodeSwitch(lexicon=str(path), word_ratio=1.0)
    changed = view.rewrite(model, items_of(model)[:1], torch.Generator().manual_seed(0))[0]
    assert words_of(model, changed) == ["The", "Katze", "sleeps", "on", "the", "roten", "mat"]


def test_neighbours_of_vectors_are_the_nearest() -> None:
    import numpy as np

    matrix = np.array([[1, 0], [0.9, 0.1], [0, 1], [-1, 0]], dtype=np.float32)
    found = nearest_words(WordVectors(("a", "b", "c", "d"), matrix), count=2, min_cosine=0.0)
    assert found == {"a": ("b", "c"), "b": ("a", "c"), "c": ("b", "a"), "d": ("c",)}


def test_neighbours_of_the_lab_are_forms_of_the_word() -> None:
    world = shared_world(0)
    forms = open_neighbours("lab", count=8, min_cosine=0.0)
    vocabulary = world.grammar("qaa").vocabulary
    assert set(forms[vocabulary.form("cat")]) == set(vocabulary.forms("cat")) - {vocabulary.form("cat")}
    assert forms[vocabulary.form("find")] == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[1]", 'contains a list; expected {"word"'),
        ('{"a": "b"}', "the neighbours of 'a' are 'b'; expected a list of words"),
    ],
)
def test_a_wrong_list_of_neighbours_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text)
    with pytest.raises(DataError) as error:
        read_neighbours(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
