"""From text to tokens: texts, pairs, sentences split into words, and pairs joined from tokenized texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crosslift.compat import PreTrainedTokenizerBase
from crosslift.encoder.inputs import Tokens
from crosslift.encoder.language_codes import known_language, translation_codes
from crosslift.encoder.special_tokens import Content, SpecialTokens
from crosslift.errors import DataError, RecipeError


class Tokenization:
    """A tokenizer, used as its family requires.  No method pads.

    Args:
        tokenizer: fast or slow.
        language_ids: those of the model's language embeddings by code, if it has any.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, language_ids: Mapping[str, int] | None = None) -> None:
        self.tokenizer: Any = tokenizer
        self._languages = language_ids
        self._source: str | None = getattr(tokenizer, "src_lang", None)
        self._special_tokens: dict[str | None, SpecialTokens] = {}
        self._space: str | None = None

    def texts(
        self,
        texts: Sequence[str],
        seconds: Sequence[str] | None,
        *,
        max_length: int | None,
        language: str | None,
    ) -> list[Tokens]:
        """Tokenize texts or pairs, cutting the longer text first; with None nothing is cut.

        Raises:
            DataError: not as many second texts as first ones.
            RecipeError: `max_length` leaves no room for text.
            LanguageError: the model has no such language.
        """
        self.set_language(language)
        if seconds is not None and len(seconds) != len(texts):
            raise DataError(f"pairs need as many second texts as first ones: {len(texts)} and {len(seconds)} given")
        if max_length is not None and max_length <= self.special_tokens(language).count_in_pair:
            raise RecipeError(
                f"max_length is {max_length}, which leaves no room for text next to the special tokens; give at least "
                f"{self.special_tokens(language).count_in_pair + 1}"
            )
        if not self.tokenizer.is_fast:
            return self._slow_texts(texts, seconds, max_length=max_length, language=language)
        rows = list(texts) if seconds is None else list(zip(texts, seconds, strict=True))
        encodings = self.encode(rows, max_length=max_length, words=False)
        return [_tokens(encoding, pair=seconds is not None, language=language) for encoding in encodings]

    def words(self, rows: Sequence[Sequence[str]], *, max_length: int | None, language: str | None) -> list[Tokens]:
        """Tokenize sentences that are split into words; a word without any token gets the unknown token.

        Raises:
            DataError: a word has no tokens, and the tokenizer has no unknown token.
            LanguageError: the model has no such language.
        """
        self.set_language(language)
        if not self.tokenizer.is_fast:
            contents = [self._slow_words(row, language) for row in rows]
            return [self._single(content, max_length=max_length, language=language) for content in contents]
        spaced = [[self._spaced(word, place) for place, word in enumerate(row)] for row in rows]
        encodings = self.encode(spaced, max_length=None, words=True)
        for number, encoding in enumerate(encodings):
            if missing := set(range(len(rows[number]))).difference(encoding.word_ids):
                known = [self._unknown(word) if i in missing else word for i, word in enumerate(spaced[number])]
                encodings[number] = self.encode([known], max_length=None, words=True)[0]
        uncut = [_tokens(encoding, pair=False, language=language, words=True) for encoding in encodings]
        return [self._shortened(tokens, max_length) for tokens in uncut]

    def join(self, first: Tokens, second: Tokens, *, max_length: int | None) -> Tokens:
        """Return the pair of two tokenized texts, as tokenizing the two texts together would give it."""
        joined = self.special_tokens(first.language).around_pair(
            Content.of(first), Content.of(second), max_length=max_length, language=first.language
        )
        return replace(joined, second_language=second.language)

    def encode(self, rows: list[Any], *, max_length: int | None, words: bool) -> list[Any]:
        """Return the encodings of a fast tokenizer: of texts, pairs of texts, or with `words` of lists of words."""
        backend = self.tokenizer.backend_tokenizer
        backend.no_padding()
        if max_length is None:
            backend.no_truncation()
        else:
            backend.enable_truncation(max_length, strategy="longest_first")
        try:
            return list(backend.encode_batch(rows, is_pretokenized=words))
        finally:
            backend.no_truncation()  # or a saved tokenizer would truncate by itself

    def slow_ids(self, text: str, language: str | None) -> list[int]:
        """Return the token ids of a text, without special tokens, by a slow tokenizer."""
        # XLM's tokenizer splits by the rules of the language
        known = None if language is None or self._languages is None else known_language(language, self._languages)
        options = {} if known is None else {"lang": known}
        return list(self.tokenizer.convert_tokens_to_ids(self.tokenizer.tokenize(text, **options)))

    def set_language(self, language: str | None) -> None:
        """Set the language of a tokenizer that writes a token for it; None is the one that it was loaded with.

        Raises:
            LanguageError: the model has no such language.
        """
        if self._languages is not None and language is not None:
            known_language(language, self._languages)
        if self._source is not None:
            codes = translation_codes(self.tokenizer)
            self.tokenizer.src_lang = self._source if language is None else known_language(language, codes)

    def special_tokens(self, language: str | None) -> SpecialTokens:
        """Return the special tokens of a language; they differ between languages in translation models only."""
        if language not in self._special_tokens:
            self.set_language(language)
            self._special_tokens[language] = self._found_special_tokens()
        return self._special_tokens[language]

    def _found_special_tokens(self) -> SpecialTokens:
        if not self.tokenizer.is_fast:
            return SpecialTokens.of_slow(self.tokenizer)
        pair, single = (self.encode([row], max_length=None, words=False)[0] for row in (("a", "a"), "a"))
        return SpecialTokens.of_fast(pair, single)

    def _single(self, content: Content, *, max_length: int | None, language: str | None) -> Tokens:
        return self.special_tokens(language).around(content, max_length=max_length, language=language)

    def _shortened(self, tokens: Tokens, max_length: int | None) -> Tokens:
        if max_length is None or len(tokens) <= max_length:
            return tokens
        return self._single(Content.of(tokens), max_length=max_length, language=tokens.language)

    def _slow_texts(
        self,
        texts: Sequence[str],
        seconds: Sequence[str] | None,
        *,
        max_length: int | None,
        language: str | None,
    ) -> list[Tokens]:
        firsts, others = (
            [Content(tuple(self.slow_ids(text, language))) for text in side] for side in (texts, seconds or ())
        )
        if seconds is None:
            return [self._single(first, max_length=max_length, language=language) for first in firsts]
        special = self.special_tokens(language)
        return [
            special.around_pair(first, second, max_length=max_length, language=language)
            for first, second in zip(firsts, others, strict=True)
        ]

    def _slow_words(self, row: Sequence[str], language: str | None) -> Content:
        subwords = [self.slow_ids(word, language) or [self.tokenizer.unk_token_id] for word in row]
        words = tuple(place for place, word in enumerate(subwords) for _ in word)
        return Content(tuple(subword for word in subwords for subword in word), words)

    def _spaced(self, word: str, place: int) -> str:
        """Return a word in the form in which its subwords are those that it has inside a sentence."""
        if self._space is None:
            together, apart, spaced = (
                tuple(self.encode([row], max_length=None, words=split)[0].ids)
                for row, split in (("a a", False), (["a", "a"], True), (["a", " a"], True))
            )
            # Byte-level vocabularies mark a word by the space before it, which words split beforehand have lost.
            self._space = " " if spaced == together != apart else ""
        return self._space + word if place else word

    def _unknown(self, word: str) -> str:
        if self.tokenizer.unk_token is None:
            raise DataError(f"the word {word!r} has no tokens, and the tokenizer has no unknown token to replace it")
        return str(self.tokenizer.unk_token)


def set_token_types(tokenizer: Any, *, wanted: bool) -> None:
    """Have a tokenizer return token types just where the model takes them, or transformers' pipeline mixes up pairs."""
    names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
    names += ["token_type_ids"] * wanted
    tokenizer.model_input_names = tokenizer.init_kwargs["model_input_names"] = names


def _tokens(encoding: Any, *, pair: bool, language: str | None, words: bool = False) -> Tokens:
    ids = tuple(encoding.ids)
    return Tokens(
        ids=ids,
        special=tuple(map(bool, encoding.special_tokens_mask)),
        segments=_segments(encoding) if pair else (0,) * len(ids),
        words=tuple(-1 if word is None else word for word in encoding.word_ids) if words else None,
        language=language,
    )


def _segments(encoding: Any) -> tuple[int, ...]:
    """Return token types; for a family without them, 1 from the second text on."""
    types = encoding.type_ids
    if any(types):
        return tuple(types)
    sequences = encoding.sequence_ids
    start = sequences.index(1) if 1 in sequences else len(sequences)
    return tuple(int(place >= start) for place in range(len(sequences)))
