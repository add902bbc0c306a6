"""From text to tokens: texts, pairs, pre-split words, and pairs put together from tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from crosslift import languages
from crosslift.compat import PreTrainedTokenizerBase
from crosslift.encoder.inputs import Tokens
from crosslift.errors import DataError, LanguageError, RecipeError


@dataclass(frozen=True)
class Form:
    """The special tokens around texts, as a family writes them, and the token types of a pair.

    ``prefix text suffix``; ``prefix first middle second suffix``.
    """

    prefix: tuple[int, ...]
    middle: tuple[int, ...]
    suffix: tuple[int, ...]
    single_suffix: tuple[int, ...]
    types: tuple[int, int, int, int, int]
    """Token types of prefix, first, middle, second, suffix."""

    @property
    def added(self) -> int:
        """Special tokens that a pair has."""
        return len(self.prefix) + len(self.middle) + len(self.suffix)


@dataclass(frozen=True)
class Content:
    """The tokens of a text without special ones."""

    ids: tuple[int, ...]
    words: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def cut(self, length: int) -> Content:
        """Return the first `length` tokens."""
        return Content(self.ids[:length], self.words and self.words[:length])


class Tokenization:
    """A tokenizer and what its family asks of it.  No method pads."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, language_ids: Mapping[str, int] | None = None) -> None:
        self.tokenizer: Any = tokenizer
        self.languages = language_ids
        self._source: str | None = getattr(tokenizer, "src_lang", None)
        self._forms: dict[str | None, Form] = {}
        self._space: str | None = None

    def texts(
        self,
        texts: Sequence[str],
        seconds: Sequence[str] | None,
        *,
        max_length: int | None,
        language: str | None,
    ) -> list[Tokens]:
        """Tokenise texts or pairs, cutting the longest first; with None nothing is cut."""
        self._check(language)
        if seconds is not None and len(seconds) != len(texts):
            raise DataError(f"pairs need as many second texts as first ones: {len(texts)} and {len(seconds)} given")
        if max_length is not None and max_length <= self._form(language).added:
            raise RecipeError(
                f"max_length is {max_length}, which leaves no room for text beside the special tokens; "
                f"give at least {self._form(language).added + 1}"
            )
        if not self.tokenizer.is_fast:
            return self._slowly(texts, seconds, max_length=max_length, language=language)
        rows = list(texts) if seconds is None else list(zip(texts, seconds, strict=True))
        encodings = self._encode(rows, max_length=max_length, words=False)
        return [_tokens(encoding, pair=seconds is not None, language=language) for encoding in encodings]

    def words(self, rows: Sequence[Sequence[str]], *, max_length: int | None, language: str | None) -> list[Tokens]:
        """Tokenise sentences that come as words; every word has at least one token (unknown, if need be)."""
        self._check(language)
        if not self.tokenizer.is_fast:
            contents = [self._slow_words(row, language) for row in rows]
            return [self._dress(content, None, max_length=max_length, language=language) for content in contents]
        spaced = [[self._spaced(word, place) for place, word in enumerate(row)] for row in rows]
        encodings = self._encode(spaced, max_length=None, words=True)
        for number, encoding in enumerate(encodings):
            if missing := set(range(len(rows[number]))).difference(encoding.word_ids):
                known = [self._unknown(word) if i in missing else word for i, word in enumerate(spaced[number])]
                encodings[number] = self._encode([known], max_length=None, words=True)[0]
        uncut = [_tokens(encoding, pair=False, language=language, words=True) for encoding in encodings]
        return [self._shorten(tokens, max_length) for tokens in uncut]

    def join(self, first: Tokens, second: Tokens, *, max_length: int | None) -> Tokens:
        """Return the pair of two tokenised texts, as tokenising the two texts together would give it."""
        joined = self._dress(_content(first), _content(second), max_length=max_length, language=first.language)
        return replace(joined, second_language=second.language)

    def _encode(self, rows: list[Any], *, max_length: int | None, words: bool) -> list[Any]:
        backend = self.tokenizer.backend_tokenizer
        backend.no_padding()
        if max_length is None:
            backend.no_truncation()
        else:
            backend.enable_truncation(max_length, strategy="longest_first")
        try:
            return list(backend.encode_batch(rows, is_pretokenized=words))
        finally:
            backend.no_truncation()  # or a saved tokenizer would cut by itself

    def _check(self, language: str | None) -> None:
        """Tell the tokenizer the language, where it writes one, and refuse one the model has no id for."""
        if self.languages is not None and language is not None:
            known_language(language, self.languages)
        if self._source is not None:
            codes = translation_codes(self.tokenizer)
            self.tokenizer.src_lang = self._source if language is None else known_language(language, codes)

    def _form(self, language: str | None) -> Form:
        """Return the form of a language (only translation models have one a language)."""
        if language not in self._forms:
            self._check(language)
            self._forms[language] = _fast_form(self) if self.tokenizer.is_fast else _slow_form(self.tokenizer)
        return self._forms[language]

    def _dress(self, first: Content, second: Content | None, *, max_length: int | None, language: str | None) -> Tokens:
        """Put special tokens around one or two contents."""
        form = self._form(language)
        if second is None:
            room = _room(max_length, len(form.prefix) + len(form.single_suffix), len(first))
            parts = [Content(form.prefix), first.cut(room), Content(form.single_suffix)]
            return _assemble(parts, (True, False, True), (0, 0, 0), language)
        one, two = longest_first(len(first), len(second), _room(max_length, form.added, len(first) + len(second)))
        parts = [
            Content(form.prefix),
            first.cut(one),
            Content(form.middle),
            second.cut(two),
            Content(form.suffix),
        ]
        types = form.types if any(form.types) else (0, 0, 0, 1, 1)
        return _assemble(parts, (True, False, True, False, True), types, language)

    def _shorten(self, tokens: Tokens, max_length: int | None) -> Tokens:
        if max_length is None or len(tokens) <= max_length:
            return tokens
        return self._dress(_content(tokens), None, max_length=max_length, language=tokens.language)

    def _slowly(
        self,
        texts: Sequence[str],
        seconds: Sequence[str] | None,
        *,
        max_length: int | None,
        language: str | None,
    ) -> list[Tokens]:
        firsts = [Content(tuple(self._slow_ids(text, language))) for text in texts]
        others: Sequence[Content | None] = [None] * len(texts)
        if seconds is not None:
            others = [Content(tuple(self._slow_ids(text, language))) for text in seconds]
        return [
            self._dress(first, second, max_length=max_length, language=language)
            for first, second in zip(firsts, others, strict=True)
        ]

    def _slow_words(self, row: Sequence[str], language: str | None) -> Content:
        pieces = [self._slow_ids(word, language) or [self.tokenizer.unk_token_id] for word in row]
        words = tuple(place for place, word in enumerate(pieces) for _ in word)
        return Content(tuple(piece for word in pieces for piece in word), words)

    def _slow_ids(self, text: str, language: str | None) -> list[int]:
        # XLM's tokenizer splits by the rules of the language
        known = None if language is None or self.languages is None else known_language(language, self.languages)
        options = {} if known is None else {"lang": known}
        return list(self.tokenizer.convert_tokens_to_ids(self.tokenizer.tokenize(text, **options)))

    def _spaced(self, word: str, place: int) -> str:
        """Return a word as it must be given so that its pieces are those it has inside a sentence."""
        if self._space is None:
            together, apart, spaced = (
                tuple(self._encode([row], max_length=None, words=split)[0].ids)
                for row, split in (("a a", False), (["a", "a"], True), (["a", " a"], True))
            )
            # Byte-level vocabularies mark a word by the space before it, which pre-split words have lost.
            self._space = " " if spaced == together != apart else ""
        return self._space + word if place else word

    def _unknown(self, word: str) -> str:
        if self.tokenizer.unk_token is None:
            raise DataError(f"the word {word!r} has no tokens, and the tokenizer has no unknown token to stand for it")
        return str(self.tokenizer.unk_token)


def set_token_types(tokenizer: Any, *, wanted: bool) -> None:
    """Have a tokenizer give token types just where the model takes them, or transformers' pipeline gets pairs wrong."""
    names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
    names += ["token_type_ids"] * wanted
    tokenizer.model_input_names = tokenizer.init_kwargs["model_input_names"] = names


def known_language(language: str, among: Iterable[str]) -> str:
    """Return the code by which a model knows `language`: `de` finds NLLB's `deu_Latn`.

    Raises:
        LanguageError: it does not know the language.
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


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """Return how many tokens of each text are kept when both must fit in `room`.

    The longer one is cut until both are equally long; then both are cut.

    >>> longest_first(10, 3, 9), longest_first(10, 8, 9), longest_first(3, 2, 9)
    ((6, 3), (5, 4), (3, 2))
    """
    if first + second <= room:
        return first, second
    short = min(first, second, room // 2)
    long = room - short
    return (long, short) if first > second else (short, long)


def _room(max_length: int | None, added: int, wanted: int) -> int:
    return wanted if max_length is None else max(0, max_length - added)


def _content(tokens: Tokens) -> Content:
    kept = [place for place, special in enumerate(tokens.special) if not special]
    words = tokens.words
    return Content(
        tuple(tokens.ids[place] for place in kept),
        None if words is None else tuple(words[place] for place in kept),
    )


def _assemble(parts: Sequence[Content], special: Sequence[bool], types: Sequence[int], language: str | None) -> Tokens:
    has_words = any(part.words is not None for part in parts)
    words = tuple(word for part in parts for word in (part.words or (-1,) * len(part)))
    return Tokens(
        ids=tuple(token for part in parts for token in part.ids),
        special=tuple(flag for part, flag in zip(parts, special, strict=True) for _ in part.ids),
        segments=tuple(task_type for part, task_type in zip(parts, types, strict=True) for _ in part.ids),
        words=words if has_words else None,
        language=language,
    )


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
    """Return token types, or where a family has none: 1 from the second text on."""
    types = encoding.type_ids
    if any(types):
        return tuple(types)
    sequences = encoding.sequence_ids
    start = sequences.index(1) if 1 in sequences else len(sequences)
    return tuple(int(place >= start) for place in range(len(sequences)))


def _fast_form(tokenization: Tokenization) -> Form:
    pair, single = (tokenization._encode([row], max_length=None, words=False)[0] for row in (("a", "a"), "a"))
    first, second = (_span(pair.sequence_ids, text) for text in (0, 1))
    _, end = _span(single.sequence_ids, 0)
    ids, cuts = tuple(pair.ids), (0, *first, *second, len(pair.ids))
    prefix, _, middle, _, suffix = (ids[start:stop] for start, stop in pairwise(cuts))
    types = tuple(pair.type_ids[min(start, len(ids) - 1)] for start in cuts[:-1])
    return Form(prefix, middle, suffix, tuple(single.ids[end:]), types)


def _span(sequences: Sequence[int | None], text: int) -> tuple[int, int]:
    places = [place for place, sequence in enumerate(sequences) if sequence == text]
    return places[0], places[-1] + 1


def _slow_form(tokenizer: Any) -> Form:
    ordinary = next(_ordinary_ids(tokenizer))
    single = tokenizer.build_inputs_with_special_tokens([ordinary])
    pair = tokenizer.build_inputs_with_special_tokens([ordinary], [ordinary])
    types = tokenizer.create_token_type_ids_from_sequences([ordinary], [ordinary])
    first = pair.index(ordinary)
    second = pair.index(ordinary, first + 1)
    starts = (0, first, first + 1, second, second + 1)
    return Form(
        tuple(pair[:first]),
        tuple(pair[first + 1 : second]),
        tuple(pair[second + 1 :]),
        tuple(single[single.index(ordinary) + 1 :]),
        tuple(types[min(start, len(types) - 1)] for start in starts),
    )


def _ordinary_ids(tokenizer: Any) -> Iterator[int]:
    special = set(tokenizer.all_special_ids)
    return (token for token in range(len(tokenizer)) if token not in special)
