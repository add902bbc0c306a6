from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from crosslift.encoder.encoder import Encoder
from crosslift.heads.task_model import TaskModel
from crosslift.heads.trimmed_vocabulary import TrimmedVocabulary
from tests.tiny import BUILDERS, LANGUAGE, TEXTS


@pytest.mark.parametrize("family", BUILDERS)
def test_training_is_the_same_with_fewer_rows(checkpoint: Callable[[str], Path], family: str) -> None:
    language = LANGUAGE.get(family, ("en",))[0]
    outcomes = []
    for trim in (False, True):
        model = TaskModel.create(Encoder.load(checkpoint(family)), "sentence", ("a", "b"), seed=0).eval()
        tokens = model.encoder.tokenize(TEXTS[:3], language=language)
        size = model.encoder.vocabulary_size
        vocabulary = TrimmedVocabulary(model.encoder, {i for row in tokens for i in row.ids}) if trim else None
        assert (model.encoder.vocabulary_size < size) == trim
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
        for _ in range(3):
            optimizer.zero_grad()
            model.logits(model.encoder.collate(tokens)).logsumexp(dim=-1).sum().backward()
            optimizer.step()
        weights = dict(model.module.state_dict())
        if vocabulary is not None:
            weights = vocabulary.whole(weights, model.module)
            vocabulary.restore()
        assert model.encoder.vocabulary_size == size
        assert model.encoder.rows is None
        model.module.load_state_dict(weights)
        everything = model.encoder.collate(model.encoder.tokenize(TEXTS, language=language))
        outcomes.append((weights, model.logits(everything).detach()))
    for name, value in outcomes[0][0].items():
        torch.testing.assert_close(outcomes[1][0][name], value, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(outcomes[1][1], outcomes[0][1], atol=1e-5, rtol=1e-5)


def test_other_tokens_cannot_be_embedded_meanwhile(checkpoint: Callable[[str], Path]) -> None:
    encoder = Encoder.load(checkpoint("bert"))
    encoder = TaskModel.create(encoder, "sentence", ("a", "b"), seed=0).encoder
    vocabulary = TrimmedVocabulary(encoder, {7, 8})
    with pytest.raises(IndexError):
        encoder.embed(torch.tensor([[9]]))
    vocabulary.restore()
    assert encoder.embed(torch.tensor([[9]])).shape == (1, 1, encoder.hidden_size)
