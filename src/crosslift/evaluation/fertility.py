"""How finely a tokenizer cuts a language: pieces a word, and characters a piece."""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.encoder.encoder import Encoder

SENTENCES = 500
"""Texts that are counted, at most."""


def fertility(encoder: Encoder, sentences: Sequence[str], *, language: str) -> dict[str, float]:
    """Return how finely the encoder's tokenizer cuts sentences of a language.

    Returns:
        `subwords_per_word` (a word being what white space separates, so a large number in scripts without), and
        `characters_per_subword` and the percentage `unknown` of pieces, which do not depend on white space.  Paper: Rust
        et al. 2021, arXiv 2012.15613, section 3.1.
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
