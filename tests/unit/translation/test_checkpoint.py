"""Translation with tiny random checkpoints: language codes, prefixes, and the cache."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from crosslift.errors import CheckpointError, LanguageError, RecipeError
from crosslift.translation.checkpoint import Settings, Translator, language_token
from tests.tiny import TEXTS

Checkpoint = Callable[[str], Path]


@pytest.fixture
def t5(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    """Return a T5 whose translations begin with padding, as in published checkpoints."""
    place = tmp_path / "t5"
    shutil.copytree(checkpoint("t5"), place)
    described = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**described, "decoder_start_token_id": 0}))
    (place / "generation_config.json").unlink(missing_ok=True)
    return place


def translator(place: Path, cache: Path, **settings: object) -> Translator:
    return Translator(Settings(str(place), max_length=12, **settings), cache)  # type: ignore[arg-type]


def reference(place: Path, text: str, source: str, target: str, *, beams: int = 1) -> str:
    """Return the translation of one text by transformers alone."""
    tokenizer, model = AutoTokenizer.from_pretrained(place), AutoModelForSeq2SeqLM.from_pretrained(place)
    tokenizer.src_lang = source
    forced = tokenizer.convert_tokens_to_ids(target)
    inputs = tokenizer(text, truncation=True, max_length=12, return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(**inputs, forced_bos_token_id=forced, num_beams=beams, do_sample=False, max_new_tokens=12)
    return str(tokenizer.batch_decode(ids, skip_special_tokens=True)[0]).strip()


@pytest.mark.parametrize("beams", [1, 2])
def test_nllb_gets_the_target_language(checkpoint: Checkpoint, tmp_path: Path, beams: int) -> None:
    place = checkpoint("nllb")
    made = translator(place, tmp_path, beams=beams).translate(TEXTS[:3], "en", "de")
    assert made == [reference(place, text, "eng_Latn", "deu_Latn", beams=beams) for text in TEXTS[:3]]


def test_the_direction_matters(checkpoint: Checkpoint, tmp_path: Path) -> None:
    made = translator(checkpoint("nllb"), tmp_path)
    assert made.translate(TEXTS[:4], "en", "de") != made.translate(TEXTS[:4], "en", "fr")
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_m2m100_writes_languages_between_underscores() -> None:
    class Tokenizer:
        lang_code_to_token: ClassVar = {"de": "__de__"}

        def convert_tokens_to_ids(self, token: str) -> int:
            return {"__de__": 7, "deu_Latn": 8}[token]

    assert language_token(Tokenizer(), "de") == 7
    assert language_token(Tokenizer(), "deu_Latn") == 8


def test_t5_gets_the_prefix(t5: Path, tmp_path: Path) -> None:
    plain = translator(t5, tmp_path / "a").translate(["translate English to German: a cat"], "en", "de")
    prefixed = translator(t5, tmp_path / "b", prefix="translate {source} to {target}: ")
    assert prefixed.translate(["a cat"], "en", "de") == plain


def test_each_text_is_translated_once(checkpoint: Checkpoint, tmp_path: Path) -> None:
    place = checkpoint("nllb")
    first = translator(place, tmp_path).translate([TEXTS[0], TEXTS[1], TEXTS[0]], "en", "de")
    (kept,) = tmp_path.glob("*.jsonl")
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert {line["text"]: line["translation"] for line in lines} == dict(zip(TEXTS[:2], first[:2], strict=True))
    kept.write_text(json.dumps({"text": TEXTS[0], "translation": "from the cache"}) + "\n")
    again = translator(place, tmp_path)
    assert again.translate([TEXTS[1], TEXTS[0]], "en", "de") == [first[1], "from the cache"]
    assert len(kept.read_text().splitlines()) == 2


def test_another_checkpoint_or_setting_is_another_cache(checkpoint: Checkpoint, t5: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for place, beams in ((checkpoint("nllb"), 1), (checkpoint("nllb"), 2), (t5, 1)):
        translator(place, cache, beams=beams).translate(["a cat"], "en", "de")
    assert len(list(cache.glob("*.jsonl"))) == 3


def test_languages_of_a_checkpoint(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert translator(checkpoint("nllb"), tmp_path).languages(["en", "de", "sw", "fr"], "en") == ["de", "fr"]
    with pytest.raises(RecipeError, match="has no language codes"):
        translator(checkpoint("t5"), tmp_path).languages(["en", "de"], "en")


def test_languages_without_a_code_are_errors(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(LanguageError, match=r"has no code for the language: no language 'sw' here"):
        translator(checkpoint("nllb"), tmp_path).translate(["a cat"], "en", "sw")
    with pytest.raises(CheckpointError, match="the first token of a translation"):
        translator(checkpoint("t5"), tmp_path).translate(["a cat"], "en", "de")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        translator(checkpoint("bert"), tmp_path).translate(["a cat"], "en", "de")
