"""Fertility of a tokenizer in a language: subwords per word, and characters per subword."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.encoder.encoder import Encoder

SENTENCES = 500
"""Largest number of texts that are counted."""


def fertility(encoder: Encoder, sentences: Sequence[str], *, language: str) -> dict[str, float]:
    """Return the fertility of the encoder's tokenizer on sentences of a language; empty without words.

    Returns:
        `subwords_per_word` (words are separated by white space, so the number is large in scripts without it), and
        `characters_per_subword` and the percentage `unknown` of subwords, which do not depend on white space.  Paper:
        Rust et al. 2021, arXiv 2012.15613, section 3.1.
    """
    chosen = [text for text in sentences[:SENTENCES] if text.strip()]
    rows = encoder.tokenize_whole(chosen, language=language)
    ids = [subword for row in rows for subword, special in zip(row.ids, row.special, strict=True) if not special]
    words, characters = sum(len(text.split()) for text in chosen), sum(len("".join(text.split())) for text in chosen)
    if not ids or not words:
        return {}
    unknown = encoder.tokenizer.unk_token_id
    return {
        "subwords_per_word": round(len(ids) / words, 3),
        "characters_per_subword": round(characters / len(ids), 3),
        "unknown": round(100 * sum(subword == unknown for subword in ids) / len(ids), 3),
    }
