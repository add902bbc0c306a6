"""Sentence retrieval in news: find the translation of each English sentence among 1,997 sentences.

NTREX-128 has the same 1,997 sentences of 123 documents in 128 languages.  The languages listed here have been checked;
others in the folder are scored too.  Paper: federmann-etal-2022-ntrex.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from crosslift.api.task import codes
from crosslift.io.text import Row, existing
from crosslift.tasks.bases.parallel import ParallelTask, line_by_line

_SOURCE = "newstest2019-src.eng.txt"


class Ntrex(ParallelTask):
    """NTREX-128: WMT's newstest2019, translated from English."""

    source = "eng"
    languages = codes(
        """
        afr amh arb bul ces deu ell est eus fas fin fra hau heb hin hun ibo ind ita jpn kat kaz kin kor mar mya nld
        pol por ron rus spa swa tam tel tha tur ukr urd vie xho yor zho-CN zul
        """
    )
    parallel = True
    files: ClassVar = {
        "test": ("ntrex/newstest2019-ref.{language}.txt", "NTREX-128/newstest2019-ref.{language}.txt"),
    }
    facts: ClassVar = {"test": dict.fromkeys(languages, 1_997)}
    citation = (
        "Federmann, Kocmi and Xin (2022): NTREX-128: News Test References for MT Evaluation of 128 Languages. "
        "SUMEval workshop."
    )
    licence = "CC BY-SA 4.0"

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return the file of the translation and the English file in the same folder."""
        return path, existing(path.with_name(_SOURCE))

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Return the pairs of the two files, in order.

        Raises:
            DataError: the files differ in length.
        """
        return line_by_line(*self.parts(path))
