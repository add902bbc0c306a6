"""Files that studies' recipes need."""

from __future__ import annotations

import json

import pytest

from crosslift.encoder.encoder import Encoder
from crosslift.errors import InputError
from crosslift.studies import Settings, load, planned
from crosslift.studies.preparations import real_text


def test_the_labs_t5_can_write_prompt_and_label_words(tmp_path):
    definition = load("label-aware-multilevel-flan-t5")
    (job, *_) = planned(definition, tmp_path, Settings(seeds=1))
    encoder = Encoder.load(job.recipe.encoder.model)
    assert encoder.family.name == "t5"
    words = definition.scale("lab").values["words"].split()
    assert encoder.tokenizer.unk_token_id not in encoder.tokenizer.convert_tokens_to_ids(words)


@pytest.fixture
def data(tmp_path):
    """A folder with bitext and dictionaries in which `big` and `large` share two translations."""
    folder = tmp_path / "data"
    for kind in ("bitext", "dictionaries"):
        (folder / kind).mkdir(parents=True)
    for number, language in enumerate(real_text.LANGUAGES):
        (folder / "bitext" / f"{language}.tsv").write_text(f"made\t0\ta big dog\tdog {language}\n", encoding="utf-8")
        pairs = f"big a{number}\n"
        if number < 2:
            pairs = f"big x{language}\nlarge x{language}\nsmall z{language}\n"
        (folder / "dictionaries" / f"en-{language}.txt").write_text(pairs, encoding="utf-8")
    return folder


def test_real_text_makes_text_and_neighbours(data, tmp_path):
    made = real_text.prepare(tmp_path / "out", {"data": str(data)})
    assert json.loads((tmp_path / "out/neighbours.json").read_text()) == {"big": ["large"], "large": ["big"]}
    assert (tmp_path / "out/text/de.txt").read_text() == "dog de\n"
    assert made == {"text": str(tmp_path / "out/text"), "neighbours": str(tmp_path / "out/neighbours.json")}


def test_real_text_needs_data(tmp_path):
    with pytest.raises(InputError, match="give --data DIRECTORY"):
        real_text.prepare(tmp_path, {})
