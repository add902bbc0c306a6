"""The adapters of a task model: a task adapter on top of the adapter of the input's language (MAD-X).

At test time the language adapter is exchanged and the task adapter stays.
Paper: Pfeiffer et al. 2020, arXiv 2005.00052, section 3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from safetensors.torch import load_file, save_file
from torch import nn

from crosslift.adapters.bottleneck import Bottlenecks, insert
from crosslift.encoder.encoder import Encoder
from crosslift.errors import CheckpointError, LanguageError, nearest

FOLDER = "crosslift_adapters"
"""Folder of the adapters in the directory of a task model."""
NONE = "none"
"""The fallback without a language adapter."""
_DESCRIPTION = "adapters.json"
_TASK = "task.safetensors"
_NAME = "crosslift_adapter"
"""Name of the task adapter among the parts of the model."""


@dataclass(frozen=True)
class LanguageAdapters:
    """Language adapters.

    Args:
        by_language: adapters by language code.
        fallback: the language whose adapter serves all other languages, "none" for no adapter, or None to refuse them.
    """

    by_language: Mapping[str, Bottlenecks]
    fallback: str | None = None

    def serving(self, language: str) -> str:
        """Return the language whose adapter serves a language, or "none".

        Raises:
            LanguageError: the language has no adapter, and there is no fallback.
        """
        if language in self.by_language:
            return language
        if self.fallback is None:
            raise LanguageError(no_adapter(language, self.by_language))
        return self.fallback

    def of(self, language: str) -> Bottlenecks | None:
        """Return the adapter that serves a language; None for none.

        Raises:
            LanguageError: the language has no adapter, and there is no fallback.
        """
        return self.by_language.get(self.serving(language))


def no_adapter(language: str, known: Mapping[str, object] | Sequence[str]) -> str:
    """Return the message about a language that has no adapter."""
    return (
        f"no language adapter for '{language}'{nearest(language, known)} (available: {', '.join(known)}), and "
        f'the recipe names no language_adapters.fallback: a language whose adapter takes its place, or "{NONE}"'
    )


@dataclass
class Adapters:
    """The adapters in a task model.

    Args:
        module: the task model's module; the task adapter becomes a part of it, to be trained and saved with it.
        encoder: the task model's encoder; the adapters are inserted into it.
        task: the task adapter.
        languages: language adapters, which are not part of the module; None without language adapters.
    """

    module: nn.Module
    encoder: Encoder
    task: Bottlenecks
    languages: LanguageAdapters | None = None
    _active: Bottlenecks | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.module.add_module(_NAME, self.task)
        insert(self.encoder, lambda: (self.task,) if self._active is None else (self._active, self.task))

    def read(self, language: str) -> None:
        """Activate the adapter of a language, instead of the current one.

        Raises:
            LanguageError: the language has no adapter, and there is no fallback.
        """
        found = None if self.languages is None else self.languages.of(language)
        self._active = None if found is None else found.to(self.encoder.device).requires_grad_(False)

    @contextmanager
    def in_language(self, language: str) -> Iterator[None]:
        """Activate the adapter of a language in this block; afterwards the previous one is active again.

        Raises:
            LanguageError: the language has no adapter, and there is no fallback.
        """
        before = self._active
        self.read(language)
        try:
            yield
        finally:
            self._active = before

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Remove the task adapter from the module in this block, which leaves the weights of an ordinary checkpoint."""
        delattr(self.module, _NAME)
        try:
            yield
        finally:
            self.module.add_module(_NAME, self.task)

    def save(self, directory: str | Path) -> None:
        """Write the adapters into a folder in a task model's directory."""
        folder = Path(directory) / FOLDER
        folder.mkdir(parents=True)
        save_adapter(self.task, folder / _TASK)
        described: dict[str, object] = {"task": self.task.shape}
        if self.languages is not None:
            for code, adapter in self.languages.by_language.items():
                save_adapter(adapter, folder / f"{code}.language.safetensors")
            described |= {"languages": list(self.languages.by_language), "fallback": self.languages.fallback}
        (folder / _DESCRIPTION).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, module: nn.Module, encoder: Encoder, directory: str | Path) -> Self | None:
        """Insert the adapters saved with a task model into it; None if there are none.

        Raises:
            CheckpointError: a file is missing or does not fit the encoder.
        """
        folder = Path(directory) / FOLDER
        if not (folder / _DESCRIPTION).is_file():
            return None
        described = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        languages = None
        if "languages" in described:
            by_language = {
                code: load_adapter(encoder, folder / f"{code}.language.safetensors") for code in described["languages"]
            }
            languages = LanguageAdapters(by_language, described["fallback"])
        return cls(module, encoder, load_adapter(encoder, folder / _TASK), languages)


def save_adapter(adapter: Bottlenecks, path: Path) -> None:
    """Write one adapter."""
    save_file({name: value.detach().cpu().contiguous() for name, value in adapter.state_dict().items()}, path)


def load_adapter(encoder: Encoder, path: Path) -> Bottlenecks:
    """Read one adapter for an encoder.

    Raises:
        CheckpointError: no such file, or an adapter for another number of layers or width.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: the adapter's weights are missing")
    adapter = Bottlenecks.holding(load_file(path))
    wanted = (encoder.layers, encoder.hidden_size)
    if adapter.shape != wanted:
        layers, width = adapter.shape
        raise CheckpointError(
            f"{path}: found an adapter for {layers} layers of width {width}; {encoder.name} has {wanted[0]} of width "
            f"{wanted[1]}"
        )
    return adapter.to(encoder.device)
