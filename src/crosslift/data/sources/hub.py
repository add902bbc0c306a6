"""The Hugging Face hub, read with the `datasets` library, or a folder of data sets saved by it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosslift.api.examples import Example, Split
from crosslift.api.source import Source
from crosslift.api.task import HubData, Task
from crosslift.errors import DataError, InputError
from crosslift.io.text import require

try:
    import datasets
except ImportError as error:
    raise InputError(
        'source = "hub" needs the datasets library; install it with: pip install "crosslift[hub]"'
    ) from error


class Hub(Source):
    """Data sets of the hub.

    With a `path` nothing is downloaded: each configuration is a folder `{path}/{data set}/{configuration}` or
    `{path}/{configuration}`, as written by `DatasetDict.save_to_disk`.
    """

    def __init__(self, *, path: Path | None = None, revision: str | None = None) -> None:
        self.path = path
        self.revision = revision
        self._read: dict[str, str] = {}

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the task's languages on the hub, or those with the split in the folder."""
        hub = _hub(task)
        coded = [code for code in task.languages if not hub.languages or code in hub.languages]
        if split not in hub.splits:
            return ()
        if self.path is None:
            return tuple(coded)
        return tuple(code for code in coded if _split(hub, split, code) in self._saved(hub, code))

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of a split, with the task's names of columns."""
        hub = _hub(task)
        data = self._load(hub, split, language)
        names = {column: hub.columns.get(column, column) for column in task.columns}
        where = f"{hub.path} {_config(hub, language) or ''} {_split(hub, split, language)}"
        require(data.features, [names[column] for column in task.needed], where=where)
        there = {column: name for column, name in names.items() if name in data.features}
        features = {column: data.features[name] for column, name in there.items()}
        prefix = hub.id_prefix.replace("{language}", hub.languages.get(language, language))
        examples = [
            task.from_row(
                {column: row[name] for column, name in there.items()},
                index,
                where=f"{where}, row {index}",
                features=features,
            )
            for index, row in enumerate(data)
            if not prefix or str(row[names["id"]]).startswith(prefix)
            if task.is_example({column: row[name] for column, name in there.items()})
        ]
        if language in hub.gaps.get(split, ()):
            examples = [replace(example, id=f"{language}-{example.id}") for example in examples]
        self._read[where] = _sha256(examples)
        return examples

    def describe(self) -> dict[str, Any]:
        """Return the origin, the requested revision, and the SHA-256 of the examples read so far."""
        path = str(self.path) if self.path else None
        return {"source": "hub", "path": path, "revision": self.revision, "examples": dict(self._read)}

    def __str__(self) -> str:
        return f"{self.path} (saved data sets)" if self.path else "the hub"

    def _load(self, hub: HubData, split: Split, language: str) -> Any:
        if self.path is not None:
            return self._saved(hub, language)[_split(hub, split, language)]
        name, config, revision = _split(hub, split, language), _config(hub, language), self.revision or hub.revision
        try:
            return datasets.load_dataset(hub.path, config, split=name, revision=revision)
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: data sets that are scripts
            reason = str(error).partition("\n")[0]
            raise DataError(
                f"{hub.path}, configuration {config}, split {name}, cannot be loaded from the hub: "
                f'{reason}; without a network, use source = "directory", or a path to saved data sets'
            ) from error

    def _saved(self, hub: HubData, language: str) -> Mapping[str, Any]:
        """Return the splits of one configuration in the folder; empty if there is none."""
        assert self.path is not None
        config = _config(hub, language) or ""
        for folder in (self.path / hub.path / config, self.path / config):
            if (folder / "dataset_dict.json").is_file():
                return dict(datasets.load_from_disk(str(folder)))
        return {}


def _hub(task: Task) -> HubData:
    if task.hub is None:
        raise DataError(f'{task.name} is not on the hub; use source = "directory" or "files"')
    return task.hub


def _config(hub: HubData, language: str) -> str | None:
    name = hub.languages.get(language, language)
    return hub.config.replace("{language}", name) if hub.config else None


def _split(hub: HubData, split: Split, language: str) -> str:
    return hub.splits[split].replace("{language}", hub.languages.get(language, language))


def _sha256(examples: list[Example]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr(example).encode())
    return digest.hexdigest()
