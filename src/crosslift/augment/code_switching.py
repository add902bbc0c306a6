"""Code-switching: random words of a sentence are replaced by translations from a lexicon, drawn anew each time."""

from __future__ import annotations

import torch
from pydantic import BaseModel, Field, PrivateAttr

from crosslift.augment.words import WordCodec
from crosslift.data.lexicon import Lexicon, lexicon_files, open_lexicon
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import Tokens
from crosslift.languages import same


class CodeSwitcher:
    """Replaces words of the lexicon's source language, as CoSDA-ML does.

    A sentence is chosen with probability `sentence_ratio`, and each of its words with `word_ratio`; then a language is
    drawn uniformly, and one of the word's translations into it uniformly.  A word stays if it is of another language,
    if the lexicon has no translation of it, if the tokenizer cannot write the translation, or if the encoder has no
    room for it.

    Args:
        lexicon: translations into the languages to switch to.
        encoder: tokenizes the translations.

    Source: Qin et al. 2020, arXiv 2006.06402, section 3.
    """

    def __init__(self, lexicon: Lexicon, encoder: Encoder) -> None:
        self.lexicon = lexicon
        self.encoder = encoder
        self._words = WordCodec(encoder)

    def switch(
        self, tokens: Tokens, generator: torch.Generator, *, sentence_ratio: float = 1.0, word_ratio: float = 0.4
    ) -> Tokens:
        """Return the sentence, or the pair, with some words in other languages.

        The draws do not depend on the ratios, so a higher ratio switches the same words and more.

        Raises:
            DataError: the tokens have no word indices.
        """
        spans = self._words.spans(tokens)
        sentence = torch.rand((), generator=generator)
        draws = torch.rand((len(spans), 3), generator=generator).tolist()
        if sentence >= sentence_ratio:
            return tokens
        drawn = [
            (span, self._translation(span.word, language, choice))
            for span, (chance, language, choice) in zip(spans, draws, strict=True)
            if chance < word_ratio and (span.language is None or same(span.language, self.lexicon.source))
        ]
        return self._words.with_words(tokens, [(span, text) for span, text in drawn if text is not None])

    def _translation(self, word: str, language: float, choice: float) -> str | None:
        """Return the translation selected by two draws from [0, 1), if there is one."""
        code = self.lexicon.languages[int(language * len(self.lexicon.languages))]
        translations = self.lexicon.translations(word, code)
        return translations[int(choice * len(translations))] if translations else None


class CodeSwitchSettings(BaseModel):
    """Settings of code-switching, shared by all methods that use it."""

    lexicon: str = Field("lab", description='a file or folder, or "lab" ("lab:1": the lab with world seed 1)')
    languages: tuple[str, ...] | None = Field(None, description="languages to switch to; none: all of the lexicon")
    sentence_ratio: float = Field(1.0, ge=0, le=1, description="share of sentences in which words are switched")
    word_ratio: float = Field(
        0.4, ge=0, le=1, description="share of words that are switched, if they have a translation"
    )

    _switcher: CodeSwitcher | None = PrivateAttr(None)

    def files(self) -> tuple[str, ...]:
        """Return the files of the lexicon."""
        return lexicon_files(self.lexicon)

    def switched(self, encoder: Encoder, tokens: Tokens, generator: torch.Generator) -> Tokens:
        """Return the tokens with some words in other languages."""
        if self._switcher is None or self._switcher.encoder is not encoder:
            # Made once, because tokenizing the translations takes a while.
            self._switcher = CodeSwitcher(open_lexicon(self.lexicon, self.languages), encoder)
        return self._switcher.switch(tokens, generator, sentence_ratio=self.sentence_ratio, word_ratio=self.word_ratio)
