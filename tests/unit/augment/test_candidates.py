from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crosslift.augment.candidates import Candidates, CandidateSettings, embedded, held_out_precision, make_candidates
from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import Lexicon
from crosslift.data.word_vectors import WordVectors
from crosslift.encoder.encoder import Encoder
from crosslift.errors import DataError, RecipeError


@pytest.fixture
def saved(lexicon: Lexicon, tmp_path: Path) -> str:
    lexicon.save(tmp_path / "lexicon")
    return str(tmp_path / "lexicon")


def texts(candidates: Candidates, encoder: Encoder, lexicon: Lexicon, word: str, language: str) -> list[str]:
    entries = torch.tensor([[lexicon.places[word]]])
    languages = torch.tensor([[candidates.languages.index(language)]])
    subwords = candidates(entries, languages)[0, 0]
    return [encoder.tokenizer.decode(row[row >= 0].tolist()) for row in subwords if (row >= 0).any()]


def test_a_gold_lexicon_gives_its_translations(encoder: Encoder, lexicon: Lexicon, saved: str) -> None:
    candidates = make_candidates(CandidateSettings(lexicon=saved, candidates="lexicon"), encoder)
    assert texts(candidates, encoder, lexicon, "cat", "de") == ["Katze", "Kater"]
    assert texts(candidates, encoder, lexicon, "apple", "de") == ["großer Apfel"]
    assert texts(candidates, encoder, lexicon, "apple", "fr") == []
    assert candidates.precision == {"de": 1.0, "fr": 1.0}
    one = make_candidates(CandidateSettings(lexicon=saved, candidates="lexicon", neighbours=1), encoder)
    assert texts(one, encoder, lexicon, "cat", "de") == ["Katze"]


def test_a_word_that_is_not_in_the_table_has_no_candidate(encoder: Encoder, saved: str) -> None:
    candidates = make_candidates(CandidateSettings(lexicon=saved, candidates="lexicon"), encoder)
    assert (candidates(torch.tensor([[-1]]), torch.tensor([[0]])) == -1).all()


def test_the_encoders_vectors_are_means_of_subwords(encoder: Encoder) -> None:
    vectors = embedded(["cat", "Baum", "großer Apfel"], encoder)
    assert vectors.words == ("cat", "großer Apfel")  # the tokenizer cannot write the other one
    subwords = torch.tensor(WordCodec(encoder).subwords("großer Apfel"))
    np.testing.assert_allclose(vectors.matrix[1], encoder.embed(subwords).mean(dim=0).detach().numpy(), rtol=1e-5)


def vectors_of(lexicon: Lexicon, folder: Path) -> str:
    """Write vectors in which every word is near its first translation."""
    rng = np.random.default_rng(0)
    space = dict(zip(lexicon.words, rng.standard_normal((len(lexicon.words), 20), dtype=np.float32), strict=True))
    WordVectors(lexicon.words, np.stack(list(space.values()))).save(folder / "en.vec")
    for code in lexicon.languages:
        rows = {lexicon.translations(word, code)[0]: space[word] for word in lexicon.words_into(code)}
        WordVectors(tuple(rows), np.stack(list(rows.values()))).save(folder / f"{code}.vec")
    return str(folder / "{language}.vec")


def test_vectors_from_files_give_neighbours(encoder: Encoder, lexicon: Lexicon, saved: str, tmp_path: Path) -> None:
    settings = CandidateSettings(lexicon=saved, candidates="vectors", path=vectors_of(lexicon, tmp_path), noise=0)
    candidates = make_candidates(settings, encoder)
    assert candidates.precision == {"de": 1.0, "fr": 1.0}
    found = texts(candidates, encoder, lexicon, "cat", "de")
    assert found[0] == "Katze"
    assert len(found) == 4  # all German words that have a vector
    noisy = make_candidates(settings.model_copy(update={"noise": 5.0}), encoder)
    assert sum(noisy.precision.values()) < 2


def test_text_makes_vectors(encoder: Encoder, saved: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for code, words in {"en": ["the", "cat", "dog", "sleeps"], "de": ["die", "Katze", "Hund"], "fr": ["chat"]}.items():
        lines = (" ".join(rng.choice([*words, "x", "y", "z"], size=6)) for _ in range(50))
        (tmp_path / f"{code}.txt").write_text("\n".join(lines), encoding="utf-8")
    path = str(tmp_path / "{language}.txt")
    settings = CandidateSettings(lexicon=saved, candidates="text", path=path, dimensions=2)
    assert make_candidates(settings, encoder).precision.keys() == {"de", "fr"}
    with pytest.raises(DataError, match="too few for word vectors of 50 dimensions"):
        make_candidates(settings.model_copy(update={"dimensions": 50}), encoder)


@pytest.mark.parametrize("path", [None, "wiki.vec"])
def test_a_path_has_a_placeholder_for_the_language(encoder: Encoder, saved: str, path: str | None) -> None:
    with pytest.raises(RecipeError, match=r"with \{language\} in it"):
        make_candidates(CandidateSettings(lexicon=saved, candidates="vectors", path=path), encoder)


def test_what_is_held_out_is_measured_apart(encoder: Encoder, lexicon: Lexicon, saved: str, tmp_path: Path) -> None:
    path = vectors_of(lexicon, tmp_path)
    settings = CandidateSettings(lexicon=saved, candidates="vectors", path=path, noise=0, seed_share=0.6)
    assert held_out_precision(settings, encoder).keys() == {"de", "fr"}
    with pytest.raises(RecipeError, match="seed_share: found 1"):
        held_out_precision(settings.model_copy(update={"seed_share": 1.0}), encoder)


def test_the_table_is_state_that_can_be_restored(encoder: Encoder, lexicon: Lexicon, saved: str) -> None:
    settings = CandidateSettings(lexicon=saved, candidates="encoder", noise=0.3)
    first = make_candidates(settings, encoder)
    with torch.no_grad():
        encoder.base.get_input_embeddings().weight.copy_(torch.randn(encoder.vocabulary_size, encoder.hidden_size))
    later = make_candidates(settings, encoder)
    assert not torch.equal(first.table, later.table)
    later.load_state_dict(first.state_dict())
    assert texts(later, encoder, lexicon, "dog", "fr") == texts(first, encoder, lexicon, "dog", "fr")
    assert later.precision == first.precision
