"""Sentence retrieval in FLORES: the sentences of SIB-200, which have the same `index_id` in every language.

Since nothing is trained, the sentences of all available splits form one pool: 1,004 with all three.  Language codes are
those of FLORES.  Paper: adelani-etal-2024-sib.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from crosslift.errors import DataError
from crosslift.io.text import Row, existing, find, require, tsv
from crosslift.tasks.bases.parallel import ParallelTask
from crosslift.tasks.sib200 import Sib200

_SPLITS = ("train", "dev", "test")


class Sib200Retrieval(ParallelTask):
    """SIB-200 as a retrieval task."""

    source = Sib200.source
    languages = tuple(code for code in Sib200.languages if code != Sib200.source)
    parallel = True
    files: ClassVar = {"test": tuple(f"sib200/{{language}}/{split}.tsv" for split in _SPLITS)}
    facts: ClassVar = {"test": dict.fromkeys(languages, 701 + 99 + 204)}
    citation = Sib200.citation
    licence = Sib200.licence

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return the files of the splits in the language, then those of the same splits in English."""
        there = [part for split in _SPLITS if (part := find(path.with_name(f"{split}.tsv")))]
        folder = path.parent.with_name(self.source)
        return (*there, *(existing(folder / part.name.removesuffix(".gz")) for part in there))

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the sentences with the same `index_id` in both languages.

        Raises:
            DataError: a sentence is missing in English.
        """
        files = self.parts(path)
        there, english = files[: len(files) // 2], files[len(files) // 2 :]
        known = {key: text for part in english for _, key, text in _sentences(part)}
        for part in there:
            for number, key, text in _sentences(part):
                if key not in known:
                    raise DataError(
                        f"{part}, line {number}: index_id {key} is not in {self.source}: {english[0].parent}"
                    )
                yield number, {"id": key, "source": known[key], "target": text}


def _sentences(path: Path) -> Iterator[tuple[int, str, str]]:
    for number, row in tsv(path):
        require(row, ("index_id", "text"), where=f"{path}, line {number}")
        yield number, row["index_id"], row["text"]
