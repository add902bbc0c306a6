"""The codes by which a model knows languages: of language embeddings, and of the tokens of translation models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crosslift import languages
from crosslift.errors import LanguageError


def known_language(language: str, among: Iterable[str]) -> str:
    """Return the code by which a model knows `language`: `de` finds NLLB's `deu_Latn`.

    Raises:
        LanguageError: the model does not know the language.
    """
    try:
        return languages.resolve(language, among)
    except LanguageError as error:
        raise LanguageError(f"the encoder was not made for this language: {error}") from error


def translation_codes(tokenizer: Any) -> list[str]:
    """Return the codes that a translation model writes: `de` in M2M100, `deu_Latn` in NLLB."""
    if hasattr(tokenizer, "lang_code_to_token"):
        return list(tokenizer.lang_code_to_token)
    return [token for token in tokenizer.all_special_tokens if "_" in token]
