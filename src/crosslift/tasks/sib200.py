"""Topic classification of FLORES sentences into seven topics, the same sentences in every language.

Language codes are those of FLORES, with language and script (`swh_Latn`), as in the benchmark's folders;
`crosslift.languages.resolve` finds them by shorter codes.  Paper: adelani-etal-2024-sib.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import SentenceExample
from crosslift.api.task import HubData, Task, codes
from crosslift.io.text import Row, tsv

_LANGUAGES = codes(
    """
    afr_Latn amh_Ethi arb_Arab ayr_Latn bam_Latn ben_Beng bul_Cyrl ces_Latn deu_Latn ell_Grek eng_Latn
    est_Latn eus_Latn ewe_Latn fin_Latn fra_Latn grn_Latn hat_Latn hau_Latn heb_Hebr hin_Deva hun_Latn
    ibo_Latn ind_Latn ita_Latn jav_Latn jpn_Jpan kat_Geor kaz_Cyrl khm_Khmr kin_Latn kor_Hang lao_Laoo
    lug_Latn mal_Mlym mar_Deva mya_Mymr nld_Latn pes_Arab pol_Latn por_Latn quy_Latn ron_Latn rus_Cyrl
    som_Latn spa_Latn swh_Latn tam_Taml tel_Telu tgl_Latn tha_Thai tur_Latn twi_Latn uig_Arab ukr_Cyrl
    urd_Arab vie_Latn wol_Latn xho_Latn yor_Latn zho_Hans zul_Latn
    """
)


class Sib200(Task):
    """SIB-200."""

    task_type = "sentence"
    labels = (
        "science/technology",
        "travel",
        "politics",
        "sports",
        "health",
        "entertainment",
        "geography",
    )
    source = "eng_Latn"
    languages = _LANGUAGES
    metrics = ("accuracy",)
    parallel = True
    lab_task = "topic"
    hub = HubData("Davlan/sib200")
    files: ClassVar = {
        "train": ("sib200/{language}/train.tsv",),
        "dev": ("sib200/{language}/dev.tsv",),
        "test": ("sib200/{language}/test.tsv",),
    }
    columns = ("index_id", "category", "text")
    answers = ("category",)
    facts: ClassVar = {
        "train": dict.fromkeys(_LANGUAGES, 701),
        "dev": dict.fromkeys(_LANGUAGES, 99),
        "test": dict.fromkeys(_LANGUAGES, 204),
    }
    citation = (
        "Adelani, Liu, Shen, Vassilyev, Alabi, Mao, Gao and Lee (2024): SIB-200: A Simple, Inclusive, and "
        "Big Evaluation Dataset for Topic Classification in 200+ Languages and Dialects. EACL."
    )
    licence = "CC BY-SA 4.0"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a file with the header `index_id<TAB>category<TAB>text`."""
        return tsv(path)

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,  # noqa: ARG002 - a sentence has an id
        *,
        where: str,
        features: Mapping[str, Any] | None = None,
    ) -> SentenceExample:
        """Return the example of one row; the `index_id` of a sentence is the same in all languages."""
        feature = (features or {}).get("category")
        label = self.label(row.get("category"), where=where, feature=feature)
        return SentenceExample(str(row["index_id"]), self.text(row, "text", where=where), label)
