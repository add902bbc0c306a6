from __future__ import annotations

from pathlib import Path

import pytest
import torch

from crosslift.align.bases.masked import MaskedBatch
from crosslift.align.code_switch import CodeSwitch
from crosslift.align.mlm import Mlm
from crosslift.data.lexicon import Lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Tokens
from crosslift.encoder.scratch.tokenizer import word_tokenizer
from crosslift.errors import DataError, LanguageError

TRANSLATIONS = [("the", "die"), ("cat", "Katze"), ("dog", "Hund"), ("sleeps", "schläft")]


@pytest.fixture
def encoder() -> Encoder:
    text = [f"{one} {two}" for one, two in TRANSLATIONS]
    return Encoder.scratch("lab", word_tokenizer(text, 50), seed=0).eval()


@pytest.fixture
def lexicon(tmp_path: Path) -> str:
    Lexicon({"de": TRANSLATIONS}, source="en").save(tmp_path / "lexicon")
    return str(tmp_path / "lexicon")


def rows(encoder: Encoder, language: str = "en") -> list[Tokens]:
    return encoder.tokenize_words([["the", "cat", "sleeps"], ["the", "dog"]], language=language)


def original(batch: MaskedBatch) -> torch.Tensor:
    assert batch.inputs.targets is not None
    return torch.where(batch.inputs.targets == IGNORED, batch.inputs.ids, batch.inputs.targets)


def collated(method: CodeSwitch | Mlm, encoder: Encoder, items: list[Tokens]) -> MaskedBatch:
    batch = method.collate(encoder, items, torch.Generator().manual_seed(0))
    assert isinstance(batch, MaskedBatch)
    return batch


def test_what_is_hidden_and_predicted_is_the_switched_sentence(encoder: Encoder, lexicon: str) -> None:
    batch = collated(CodeSwitch(lexicon=lexicon, word_ratio=1, mask_probability=0.5), encoder, rows(encoder))
    expected = encoder.collate(encoder.tokenize_words([["die", "Katze", "schläft"], ["die", "Hund"]])).ids
    assert torch.equal(original(batch), expected)
    assert batch.positions.any()


@pytest.mark.parametrize("settings", [{"word_ratio": 0.0}, {"sentence_ratio": 0.0}])
def test_ratio_zero_is_mlm(encoder: Encoder, lexicon: str, settings: dict[str, float]) -> None:
    method = CodeSwitch(lexicon=lexicon, **settings)  # type: ignore[arg-type]
    items = rows(encoder)
    batch = collated(method, encoder, items)
    assert torch.equal(original(batch), encoder.collate(items).ids)
    assert method.loss(encoder, batch)["code_switch"] == Mlm().loss(encoder, batch)["mlm"]


def test_other_languages_are_mlm_too(encoder: Encoder, lexicon: str) -> None:
    items = rows(encoder, "fr")
    batch = collated(CodeSwitch(lexicon=lexicon, word_ratio=1), encoder, items)
    assert torch.equal(original(batch), encoder.collate(items).ids)


def test_each_step_switches_anew(encoder: Encoder, lexicon: str) -> None:
    method, chance = CodeSwitch(lexicon=lexicon, word_ratio=0.5), torch.Generator().manual_seed(0)
    found = set()
    for _ in range(20):
        batch = method.collate(encoder, rows(encoder)[:1], chance)
        assert isinstance(batch, MaskedBatch)
        found.add(tuple(original(batch)[0].tolist()))
    assert len(found) > 4


def test_languages_are_those_asked_for(encoder: Encoder, lexicon: str) -> None:
    with pytest.raises(LanguageError, match="no lexicon of 'dd'; did you mean 'de'"):
        collated(CodeSwitch(lexicon=lexicon, languages=("dd",)), encoder, rows(encoder))


def test_items_must_know_their_words(encoder: Encoder, lexicon: str) -> None:
    assert CodeSwitch.requires == {"words"}
    with pytest.raises(DataError, match="without word indices"):
        collated(CodeSwitch(lexicon=lexicon), encoder, encoder.tokenize(["the cat"], language="en"))
