"""Training of tokenizers: Unigram subwords or whole words, cased, with BERT's special tokens.

sentencepiece trains the subwords on one thread, and a `tokenizers` pipeline applies them.  The trainer of `tokenizers`
itself sums its counts in the order of a randomly seeded hash table, so two runs over the same text give different
scores, and sometimes different subwords.
"""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.decoders import Metaspace

from crosslift.compat import PreTrainedTokenizerFast
from crosslift.errors import DataError

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LONGEST_LINE = 1 << 20  # bytes; the trainer skips longer lines


def train_tokenizer(texts: Iterable[str], size: int, *, max_length: int = 512) -> PreTrainedTokenizerFast:
    """Return a Unigram tokenizer of at most `size` subwords, including special tokens; equal texts give equal ones.

    Texts are normalized to NFKC and split at white space; case is kept.  Every character of the text is a subword.
    A pair is ``[CLS] first [SEP] second [SEP]`` with token types 0 and 1.

    Args:
        texts: training text.
        size: vocabulary size; the vocabulary is smaller if the text does not have that many subwords.
        max_length: length of the longest input, written into the tokenizer.

    Raises:
        DataError: the text is empty, or has more characters than `size` leaves room for.

    Source:
        Kudo (2018), Subword regularization, section 3.2.
    """
    pipeline = Tokenizer(models.Unigram(_subwords(texts, size), unk_id=SPECIAL_TOKENS.index("[UNK]")))
    pipeline.normalizer = normalizers.NFKC()
    pipeline.pre_tokenizer = pre_tokenizers.Metaspace()
    pipeline.decoder = Metaspace()
    return _finished(pipeline, max_length)


def word_tokenizer(texts: Iterable[str], size: int, *, max_length: int = 512) -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words, split at white space: the `size` most frequent ones, including special tokens.

    It suits a small closed vocabulary, as in the lab: a word is one token, and sequences stay short.

    Raises:
        DataError: the text is empty.
    """
    counts = Counter(word for text in texts for word in text.split())
    if not counts:
        raise DataError("a tokenizer cannot be trained: the texts are empty")
    ranked = sorted(counts, key=lambda word: (-counts[word], word))[: size - len(SPECIAL_TOKENS)]
    vocabulary = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *ranked))}
    pipeline = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    pipeline.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return _finished(pipeline, max_length)


def _finished(pipeline: Tokenizer, max_length: int) -> PreTrainedTokenizerFast:
    """Add special tokens, and BERT's format of pairs."""
    pipeline.add_special_tokens(list(SPECIAL_TOKENS))
    pipeline.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, SPECIAL_TOKENS.index(token)) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=pipeline,
        model_max_length=max_length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def _subwords(texts: Iterable[str], size: int) -> list[tuple[str, float]]:
    """Return subwords and log probabilities, the special tokens first."""
    normal = normalizers.NFKC()
    lines = (line for text in texts if (line := normal.normalize_str(text).strip()))
    first = next(lines, None)
    if first is None:
        raise DataError("a tokenizer cannot be trained: the texts are empty")
    model = io.BytesIO()
    try:
        _train(itertools.chain([first], lines), model, vocabulary_size=size - len(SPECIAL_TOKENS) + 1)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[-300:]
        raise DataError(f"a tokenizer of {size} subwords cannot be trained on this text: {reason}") from error
    trained = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ranked = ((trained.id_to_piece(i), trained.get_score(i)) for i in range(1, trained.get_piece_size()))
    return [*((token, 0.0) for token in SPECIAL_TOKENS), *ranked]


def _train(lines: Iterator[str], model: io.BytesIO, *, vocabulary_size: int) -> None:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        model_writer=model,
        model_type="unigram",
        vocab_size=vocabulary_size,  # including the trainer's own unknown token
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        max_sentence_length=_LONGEST_LINE,
        num_threads=1,  # sums of floats depend on how they are split
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
