"""Part-of-speech tagging with the 17 tags of Universal Dependencies, as XTREME splits and scores it.

XTREME scores with seqeval on the bare tags, which is not accuracy: a run of words with one tag counts as one
chunk.  Both are given.  The hub's copy is UD 2.5, files of the download script are UD 2.7: sentences move
between splits of two releases, so never mix them.  Paper: hu-etal-2020-xtreme.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from crosslift.data.text import Row, lines
from crosslift.errors import DataError
from crosslift.tasks._task import HubData, TaggingExample, Task, codes, counts

_XTREME = codes(
    """
    af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh
    """
)
_HUB_NAMES = codes(
    """
    Afrikaans Arabic Bulgarian German Greek English Spanish Estonian Basque Persian Finnish French Hebrew
    Hindi Hungarian Indonesian Italian Japanese Kazakh Korean Marathi Dutch Portuguese Russian Tamil
    Telugu Thai Tagalog Turkish Urdu Vietnamese Yoruba Chinese
    """
)


class Udpos(Task):
    """UD-POS of XTREME and XTREME-R."""

    kind = "tagging"
    labels = codes("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X")
    languages = (*_XTREME, "lt", "pl", "uk", "wo", "ro")
    groups: ClassVar = {"xtreme": _XTREME}
    metrics = ("tagging_f1", "tagging_accuracy")
    lab_task = "pos"
    hub = HubData(
        "google/xtreme",
        config="udpos.{language}",
        columns={"words": "tokens", "tags": "pos_tags"},
        languages=dict(zip(_XTREME, _HUB_NAMES, strict=True)),
    )
    files: ClassVar = {
        "train": ("udpos/train-{language}.tsv",),
        "dev": ("udpos/dev-{language}.tsv",),
        "test": ("udpos/test-{language}.tsv",),
    }
    columns = ("words", "tags")
    answers = ("tags",)
    # Counted in files that XTREME's script makes of UD 2.7.
    facts: ClassVar = {
        "train": {"en": 21_787},
        "dev": counts(
            """
            af 194 ar 909 bg 1115 de 19233 el 403 en 3974 es 3054 et 3868 eu 1798 fa 2055 fi 3239 fr 2905
            he 484 hi 1659 hu 441 id 559 it 2278 ja 501 ko 3016 mr 46 nl 1394 pt 1770 ru 8108 ta 80 te 131
            tr 1967 ur 552 vi 800 zh 1000
            """
        ),
        "test": counts(
            """
            en 5440 es 3147 et 4127 eu 1799 fa 2055 fi 6544 fr 5013 he 491 hu 449 id 1931 it 3518 ja 2365
            ko 4276 nl 1471 pt 2680 ru 8973
            """
        ),
    }
    citation = (
        "Hu, Ruder, Siddhant, Neubig, Firat and Johnson (2020): XTREME: A Massively Multilingual Multi-task "
        "Benchmark for Evaluating Cross-lingual Generalisation. ICML.  Data: Universal Dependencies."
    )
    licence = "that of each treebank: mostly CC BY-SA, some non-commercial"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield a row a sentence: lines of `word<TAB>tag` or, in XTREME's test files, `word`."""
        first, block = 0, list[list[str]]()
        for number, line in lines(path):
            if line:
                first = first if block else number
                block.append(line.split("\t"))
            elif block:
                yield first, _sentence(block, path, first)
                block = []
        if block:
            yield first, _sentence(block, path, first)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> TaggingExample:
        """Return the example of one row: words and tags as lists, or as text with blanks between them."""
        words = self._listed(row, "words", where=where)
        if row.get("tags") is None:
            return TaggingExample(str(index), words)
        tags = self._listed(row, "tags", where=where)
        if len(tags) != len(words):
            raise DataError(f"{where}: {len(words)} words but {len(tags)} tags; one tag a word is expected")
        feature = features["tags"].feature if features else None
        return TaggingExample(str(index), words, self._tags(tags, where=where, feature=feature))

    @staticmethod
    def _listed(row: Mapping[str, Any], column: str, *, where: str) -> tuple[Any, ...]:
        value = row[column].split() if isinstance(row[column], str) else row[column]
        if not isinstance(value, list | tuple):
            raise DataError(f"{where}: column '{column}' holds a {type(value).__name__}; a list is expected")
        return tuple(value)

    def _tags(self, tags: Sequence[Any], *, where: str, feature: Any) -> tuple[str, ...]:
        names = [
            self.label(tag, where=f"{where}, word {place}", feature=feature) for place, tag in enumerate(tags, start=1)
        ]
        known = tuple(name for name in names if name is not None)
        if len(known) != len(tags):
            raise DataError(f"{where}: a word without a tag among tagged ones")
        return known


def _sentence(block: Sequence[Sequence[str]], path: Path, first: int) -> dict[str, Any]:
    """Return the row of a sentence whose lines start at `first`."""
    width = len(block[0])
    for number, fields in enumerate(block, start=first):
        if len(fields) != width or width > 2 or not fields[0]:
            raise DataError(
                f"{path}, line {number}: {len(fields)} fields where `word<TAB>tag` is expected, "
                "or the bare word throughout"
            )
    columns = list(zip(*block, strict=True))
    return {"words": columns[0], "tags": columns[1] if width == 2 else None}
