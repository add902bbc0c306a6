"""Trained tokenizers, encoders from scratch, and tokenizers without a fast version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from crosslift.encoder.encoder import Encoder
from crosslift.encoder.scratch.presets import PRESETS
from crosslift.encoder.scratch.tokenizer import train_tokenizer, word_tokenizer
from crosslift.encoder.special_tokens import longest_first
from crosslift.encoder.tokenization import Tokenization
from crosslift.errors import DataError, RecipeError
from tests import tiny


def test_equal_text_gives_an_equal_tokenizer() -> None:
    one, two = (train_tokenizer(tiny.TEXTS, 160).backend_tokenizer.to_str() for _ in range(2))
    assert one == two


@pytest.mark.slow
def test_equal_text_gives_an_equal_tokenizer_in_every_process() -> None:
    # Words of one frequency are where an order that changes from process to process would show.
    program = (
        "import hashlib\n"
        "from crosslift.encoder.scratch.tokenizer import train_tokenizer, word_tokenizer\n"
        "texts = [' '.join(a + b for a in ('ka', 'lo', 'mi', 'ta') for b in ('ru', 'ne', c)) for c in 'abcdefgh']\n"
        "tokenizer = train_tokenizer(texts, 40)\n"
        "print(hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest())\n"
    )
    prints = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(prints) == 1


def test_saved_and_loaded(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(tiny.TEXTS, 160, max_length=40)
    tokenizer.save_pretrained(tmp_path)
    for loaded in (
        transformers.AutoTokenizer.from_pretrained(tmp_path),
        transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path),
    ):
        assert loaded.get_vocab() == tokenizer.get_vocab()
        assert loaded.model_max_length == 40
        assert loaded.mask_token == "[MASK]"
        assert loaded(list(tiny.TEXTS)) == tokenizer(list(tiny.TEXTS))


def test_form_of_a_pair() -> None:
    tokenizer = train_tokenizer(tiny.TEXTS, 160)
    pair = tokenizer("The cat", "Die Katze")
    tokens = tokenizer.convert_ids_to_tokens(pair["input_ids"])
    first = tokens.index("[SEP]")
    assert tokens[0] == "[CLS]"
    assert tokens[-1] == "[SEP]"
    assert pair["token_type_ids"] == [0] * (first + 1) + [1] * (len(tokens) - first - 1)
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4]) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def test_text_comes_back() -> None:
    tokenizer = train_tokenizer(tiny.TEXTS, 160)
    for text in tiny.TEXTS:
        ids = tokenizer(text)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids, skip_special_tokens=True) == text
    assert tokenizer.unk_token_id in tokenizer("猫")["input_ids"]
    assert len(tokenizer) <= 160


def test_text_that_no_tokenizer_can_be_trained_on() -> None:
    with pytest.raises(DataError, match="the texts are empty"):
        train_tokenizer(["", "  "], 100)
    with pytest.raises(DataError, match="a tokenizer of 10 subwords cannot be trained on this text"):
        train_tokenizer(tiny.TEXTS, 10)


@pytest.mark.parametrize("preset", ["lab", "mini"])
def test_from_scratch(preset: str, tmp_path: Path) -> None:
    tokenizer = train_tokenizer(tiny.TEXTS, 160)
    torch.manual_seed(5)
    following = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (Encoder.scratch(preset, tokenizer, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), following)  # the global state is not touched
    shape = PRESETS[preset]
    assert (one.layers, one.hidden_size, one.max_length) == (shape.layers, shape.hidden_size, shape.positions)
    assert one.has_masked_language_model
    inputs = one.collate(one.tokenize(list(tiny.TEXTS), list(reversed(tiny.TEXTS))))
    assert (inputs.segments is not None) == (shape.family == "bert")
    states = one.encode(inputs)
    assert torch.equal(states, same.encode(inputs))
    assert not torch.equal(states, other.encode(inputs))
    one.save(tmp_path)
    assert torch.equal(Encoder.load(tmp_path).encode(inputs), states)
    with pytest.raises(
        RecipeError, match=r"unknown preset 'minni'; did you mean 'mini'\? \(available: lab, mini, small, base\)"
    ):
        Encoder.scratch("minni", tokenizer, seed=0)


def test_max_length_must_leave_room(tmp_path: Path) -> None:
    encoder = Encoder.scratch("lab", train_tokenizer(tiny.TEXTS, 160), seed=0)
    with pytest.raises(RecipeError, match=r"max_length is 3.*give at least 4"):
        encoder.tokenize(["The cat"], ["Die Katze"], max_length=3)
    assert len(encoder.tokenize(["cat " * 1000], max_length=4000)[0]) == encoder.max_length
    assert encoder.tokenize([]) == []
    with pytest.raises(DataError, match="1 and 2 given"):
        encoder.tokenize(["The cat"], ["Die", "Katze"])


@pytest.mark.parametrize("room", [1, 4, 7, 10])
def test_pairs_are_cut_as_tokenizers_cuts_them(room: int) -> None:
    pipeline = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    pipeline.pre_tokenizer = pre_tokenizers.Whitespace()
    pipeline.enable_truncation(room, strategy="longest_first")
    for first in range(1, 12):
        for second in range(1, 12):
            ids = pipeline.encode("a " * first, "b " * second).ids
            assert longest_first(first, second, room) == (ids.count(1), ids.count(2))


def test_tokenizer_without_a_fast_version(tmp_path: Path) -> None:
    fast = tiny_bert_tokenizer()
    (tmp_path / "vocab.txt").write_text("\n".join(sorted(fast.get_vocab(), key=fast.get_vocab().get)))
    slow = transformers.models.bert.tokenization_bert_legacy.BertTokenizerLegacy(
        str(tmp_path / "vocab.txt"), do_lower_case=False, strip_accents=False
    )
    assert not slow.is_fast
    texts, seconds = list(tiny.TEXTS[:4]), list(tiny.TEXTS[4:8])
    words = [text.split() for text in texts]
    for max_length in (None, 12, 9):
        ours, theirs = (Tokenization(tokenizer) for tokenizer in (slow, fast))
        for pairs in (None, seconds):
            assert ours.texts(texts, pairs, max_length=max_length, language="de") == theirs.texts(
                texts, pairs, max_length=max_length, language="de"
            )
        assert ours.words(words, max_length=max_length, language=None) == theirs.words(
            words, max_length=max_length, language=None
        )


def tiny_bert_tokenizer() -> transformers.PreTrainedTokenizerBase:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = sorted({letter for text in tiny.TEXTS for letter in text if not letter.isspace()})
    vocabulary += letters + [f"##{letter}" for letter in letters]
    return transformers.BertTokenizer(
        vocab={piece: place for place, piece in enumerate(vocabulary)}, do_lower_case=False, strip_accents=False
    )


def test_words_are_tokens_by_frequency() -> None:
    tokenizer = word_tokenizer(["b a a", "a c b . d"], 8)
    assert tokenizer.tokenize("a b . c d") == ["a", "b", ".", "[UNK]", "[UNK]"]
    assert tokenizer("a", "b")["token_type_ids"] == [0, 0, 0, 1, 1]
    with pytest.raises(DataError, match="empty"):
        word_tokenizer([" "], 8)
