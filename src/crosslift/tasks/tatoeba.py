"""Sentence retrieval: find the translation of each sentence among up to 1,000, in 112 languages with English.

Line i of the two files is a pair.  XTREME and XTREME-R average over the languages with two-letter codes.
Papers: artetxe-schwenk-2019-massively (the test set), hu-etal-2020-xtreme.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.errors import DataError
from crosslift.io.text import Row, existing, lines
from crosslift.tasks.bases.parallel import ParallelTask, line_by_line

_XTREME = codes(
    """
    af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur
    vi zh
    """
)
_HUB_CODES = codes(
    """
    afr ara bul ben deu ell spa est eus pes fin fra heb hin hun ind ita jpn jav kat kaz kor mal mar nld
    por rus swh tam tel tha tgl tur urd vie cmn
    """
)
_XTREME_R = (*_XTREME, "az", "lt", "pl", "uk", "ro")
_OTHERS = codes(
    """
    amh ang arq arz ast awa bel ber bos bre cat cbk ceb ces cha cor csb cym dan dsb dtp epo fao fry gla
    gle glg gsw hrv hsb hye ido ile ina isl kab khm kur kzj lat lfn lvs max mhr mkd mon nds nno nob nov
    oci orv pam pms slk slv sqi srp swe swg tat tuk tzl uig uzb war wuu xho yid yue zsm
    """
)
_FEWER = counts(
    """
    amh 168 ang 134 arq 911 arz 477 ast 127 awa 231 bos 354 ceb 600 cha 137 csb 253 cym 575 dsb 479 fao
    262 fry 173 gla 829 gsw 117 hsb 483 hye 742 jv 205 ka 746 khm 722 kk 575 kur 410 max 284 ml 687 mon
    440 nov 257 orv 835 pms 525 slv 823 sw 390 swg 112 ta 307 te 234 th 548 tuk 203 tzl 104 uzb 428 xho
    142 yid 848
    """
)


class Tatoeba(ParallelTask):
    """Tatoeba, version 1 of the test set."""

    languages = (*_XTREME_R, *_OTHERS)
    groups: ClassVar = {"xtreme": _XTREME, "xtreme-r": _XTREME_R}
    hub = HubData(
        "google/xtreme",
        config="tatoeba.{language}",
        splits={"test": "validation"},
        columns={"source": "target_sentence", "target": "source_sentence"},
        languages=dict(zip(_XTREME, _HUB_CODES, strict=True)),
    )
    files: ClassVar = {"test": ("tatoeba/{language}-en.{language}",)}
    facts: ClassVar = {"test": dict.fromkeys(languages, 1_000) | _FEWER}
    citation = (
        "Artetxe and Schwenk (2019): Massively Multilingual Sentence Embeddings for Zero-Shot Cross-Lingual "
        "Transfer and Beyond. TACL."
    )
    licence = "CC BY 2.0 FR"

    def parts(self, path: Path) -> tuple[Path, ...]:
        """Return the file in the other language and the English file in the same folder."""
        stem = path.name.removesuffix(".gz").rpartition(".")[0]
        return path, existing(path.with_name(f"{stem}.en"))

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Return the pairs of the two files, in order.

        Raises:
            DataError: the files differ in length, or the English side is sorted, as XTREME's download script leaves
                it, so that lines no longer match.
        """
        _, source = self.parts(path)
        self._check_order(source)
        return line_by_line(path, source)

    def _check_order(self, path: Path) -> None:
        english = [text for _, text in lines(path)]
        # More than 24 sentences are not sorted by chance.
        if len(english) > 24 and english == sorted(english):
            raise DataError(
                f"{path}: the English side is sorted, as XTREME's download script writes it, so lines no longer match; "
                "use the files of LASER's data/tatoeba/v1, in which line i of both is a pair"
            )
