"""A directory in the layout of XTREME's download script; files are plain or end in .gz."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from crosslift.api.examples import Candidate, Example, Split
from crosslift.api.source import Source, in_order
from crosslift.api.task import Task
from crosslift.errors import DataError
from crosslift.io.text import find, sha256

_MARK = "{language}"


class Directory(Source):
    """Benchmarks on disk: `xnli/dev-de.tsv`, `udpos/train-en.tsv.gz`, and so on."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise DataError(f"{self.path}: no such directory; name the folder that contains xnli/, udpos/ and so on")
        self._read: set[Path] = set()

    def languages(self, task: Task, split: Split) -> tuple[str, ...]:
        """Return the languages that have a file."""
        found = {code for pattern in task.files.get(split, ()) for code in self._present(task, pattern)}
        return in_order(list(found), task)

    def _present(self, task: Task, pattern: str) -> list[str]:
        """Return the languages with a file of a pattern; the task knows those of a pattern without a language."""
        if _MARK in pattern:
            ours = {code: language for language, code in task.file_codes.items()}
            return [ours.get(code, code) for code in present(self.path, pattern)]
        path = find(self.path / pattern)
        return list(task.languages_in(path)) if path else []

    def read(self, task: Task, split: Split, language: str) -> list[Example]:
        """Return the examples of the task's first file pattern that has a file."""
        code = task.file_codes.get(language, language)
        names = [pattern.replace(_MARK, code) for pattern in task.files[split]]
        path = next(filter(None, (find(self.path / name) for name in names)))
        self._read.update(task.parts(path))
        return list(task.read_language(path, language, split))

    def candidates(self, task: Task, split: Split) -> list[Candidate]:
        """Return the candidates of the task's first pool pattern that has files, in all languages."""
        for pattern in task.pools.get(split, ()):
            languages = present(self.path, pattern) if _MARK in pattern else [task.source]
            paths = [(find(self.path / pattern.replace(_MARK, code)), code) for code in languages]
            if found := [(path, code) for path, code in paths if path]:
                self._read.update(path for path, _ in found)
                return [candidate for path, code in found for candidate in task.read_candidates(path, code)]
        looked_for = " or ".join(task.pools.get(split, ())) or "nothing"
        raise DataError(f"{self.path}: no candidates for {task.name} {split} (looked for {looked_for})")

    def describe(self) -> dict[str, Any]:
        """Return the folder and the SHA-256 of the stored files that were read so far."""
        files = {str(path.relative_to(self.path)): sha256(path) for path in sorted(self._read)}
        return {"source": "directory", "path": str(self.path), "files": files}

    def __str__(self) -> str:
        return str(self.path)

    def _looked_for(self, task: Task, split: Split) -> str:
        patterns = task.files.get(split)
        if not patterns:
            return f" (the task has: {', '.join(task.files)})"
        return f" (looked for {' or '.join(patterns)}, each also with .gz)"


def present(root: Path, pattern: str) -> list[str]:
    """Return the sorted languages that have a file of this pattern, plain or with .gz.

    Args:
        root: the folder that the pattern is relative to.
        pattern: a path that contains `{language}` once or more, each time for the same language.
    """
    parts = (root / pattern).parts
    first = next(place for place, part in enumerate(parts) if _MARK in part)
    folder, below = Path(*parts[:first]), "/".join(parts[first:])
    before, _, after = map(re.escape, below.partition(_MARK))
    after = after.replace(re.escape(_MARK), r"(?P=language)")
    name = re.compile(rf"{before}(?P<language>[^/.]+?){after}(\.gz)?")
    paths = (path for end in ("", ".gz") for path in folder.glob(below.replace(_MARK, "*") + end))
    matches = (name.fullmatch(path.relative_to(folder).as_posix()) for path in paths)
    return sorted({match["language"] for match in matches if match})
