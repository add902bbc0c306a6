"""Translation with a checkpoint: M2M100, NLLB, T5 or mT5 through transformers.

Translations are cached, one per line, under a hash of the checkpoint and the direction, so that all seeds of a recipe,
and all recipes on the same texts, translate each text only once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import torch

from crosslift import languages
from crosslift.compat import AutoModelForSeq2SeqLM
from crosslift.encoder import loading
from crosslift.encoder.device import default_device
from crosslift.encoder.language_codes import translation_codes
from crosslift.errors import CheckpointError, LanguageError, RecipeError
from crosslift.progress import progress
from crosslift.runs.write import JsonLines, locked

BATCH_TOKENS = 2048
"""Source tokens per batch, padding included."""


@dataclass(frozen=True)
class Settings:
    """A translation checkpoint and its settings."""

    checkpoint: str
    revision: str | None = None
    prefix: str = ""
    """Text before each input; `{source}` and `{target}` are replaced by the names of the languages."""
    beams: int = 1
    max_length: int = 256
    """Maximum number of tokens of a text, which is truncated, and of its translation."""


class Translator:
    """A translation checkpoint, loaded at the first text that is not in the cache.

    Args:
        settings: the checkpoint and its settings.
        cache: folder of earlier translations.
    """

    def __init__(self, settings: Settings, cache: Path) -> None:
        self.settings = settings
        self.cache = cache
        self.tokenizer: Any = loading.load_tokenizer(settings.checkpoint, settings.revision)
        self._fingerprint = sha256(repr(asdict(settings)).encode())
        self._fingerprint.update(_weights_hash(settings).encode())
        self._model: Any = None

    def languages(self, known: Sequence[str], source: str) -> list[str]:
        """Return the languages that the checkpoint can translate into, without the source.

        Raises:
            RecipeError: the checkpoint has no language codes.
        """
        codes = _codes(self.tokenizer)
        if not codes:
            raise RecipeError(
                f'{self.settings.checkpoint} has no language codes, so `languages = "all"` is undefined; name the '
                "languages"
            )
        return [code for code in known if code != source and _knows(codes, code)]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Return the translations of texts, in order, from the cache if possible.

        Raises:
            LanguageError: the checkpoint has no code for a language, or the prefix needs the name of an unknown one.
        """
        direction = self._direction(source, target)
        digest = self._fingerprint.copy()
        digest.update(repr((direction.source, direction.target, direction.prefix)).encode())
        cached = JsonLines(self.cache / f"{digest.hexdigest()[:16]}.jsonl")
        with locked(cached.path.with_suffix(".lock")):
            known = {line["text"]: line["translation"] for line in cached}
            new = [text for text in dict.fromkeys(texts) if text not in known]
            for text, translation in self._generated(new, direction):
                cached.append({"text": text, "translation": translation})
                known[text] = translation
        return [known[text] for text in texts]

    def _direction(self, source: str, target: str) -> _Direction:
        prefix = self.settings.prefix
        for mark, code in (("{source}", source), ("{target}", target)):
            prefix = prefix.replace(mark, languages.get(code).name) if mark in prefix else prefix
        codes = _codes(self.tokenizer)
        if not codes:
            return _Direction(prefix)
        try:
            return _Direction(prefix, *(languages.resolve(code, codes) for code in (source, target)))
        except LanguageError as error:
            raise LanguageError(f"{self.settings.checkpoint} has no code for the language: {error}") from error

    def _generated(self, texts: Sequence[str], direction: _Direction) -> Iterator[tuple[str, str]]:
        """Yield (text, translation), grouped into batches of similar length."""
        if not texts:
            return
        if direction.source is not None:
            self.tokenizer.src_lang = direction.source
        rows = self.tokenizer(
            [direction.prefix + text for text in texts], truncation=True, max_length=self.settings.max_length
        )["input_ids"]
        with progress(f"translate into {direction.target or 'the target'}", len(texts)) as advance:
            done = 0
            for batch in _by_length([len(row) for row in rows]):
                translations = self._generate([rows[index] for index in batch], direction)
                yield from zip([texts[index] for index in batch], translations, strict=True)
                done += len(batch)
                advance(done, {})

    def _generate(self, rows: Sequence[Sequence[int]], direction: _Direction) -> list[str]:
        model = self._loaded()
        inputs = self.tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(model.device)
        options: dict[str, Any] = {}
        if direction.target is not None:
            options["forced_bos_token_id"] = language_token(self.tokenizer, direction.target)
        with torch.inference_mode():
            ids = model.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                num_beams=self.settings.beams,
                do_sample=False,
                max_new_tokens=self.settings.max_length,
                **options,
            )
        return [text.strip() for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    def _loaded(self) -> Any:
        if self._model is None:
            settings = self.settings
            loaded = loading.from_pretrained(AutoModelForSeq2SeqLM, settings.checkpoint, revision=settings.revision)
            loading.check_weights(loaded, settings.checkpoint)
            generation: Any = loaded.model.generation_config
            if generation.decoder_start_token_id is None and generation.bos_token_id is None:
                raise CheckpointError(
                    f"{settings.checkpoint}: the checkpoint does not define the first token of a translation "
                    "(decoder_start_token_id in generation_config.json); is it a translation model?"
                )
            self._model = loaded.model.train(mode=False).to(default_device())
        return self._model


@dataclass(frozen=True)
class _Direction:
    """The prefix and the checkpoint's language codes of one direction; codes are None if it has none."""

    prefix: str
    source: str | None = None
    target: str | None = None


def _codes(tokenizer: Any) -> list[str]:
    """Return the language codes of a tokenizer; empty if it has none (T5)."""
    return translation_codes(tokenizer) if getattr(tokenizer, "src_lang", None) is not None else []


def _knows(codes: Sequence[str], language: str) -> bool:
    try:
        return bool(languages.resolve(language, codes))
    except LanguageError:
        return False


def language_token(tokenizer: Any, code: str) -> int:
    """Return the id of the token of a target language: `__de__` in M2M100, `deu_Latn` in NLLB."""
    token = getattr(tokenizer, "lang_code_to_token", {}).get(code, code)
    return int(tokenizer.convert_tokens_to_ids(token))


def _weights_hash(settings: Settings) -> str:
    """Return a hash of a directory's files, or "" for a hub id, which is identified by name and revision."""
    folder = Path(settings.checkpoint)
    if not folder.is_dir():
        return ""
    digest = sha256()
    for path in sorted(path for path in folder.glob("*") if path.is_file()):
        with path.open("rb") as file:
            digest.update(path.name.encode() + file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or lengths[order[end]] * (end + 1 - start) > BATCH_TOKENS:
            yield order[start:end]
            start = end
