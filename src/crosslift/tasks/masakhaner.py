"""Named entities in 20 African languages: MasakhaNER 2.0, with persons, organisations, places and dates in IOB2.

There is no English data: name your own training files in `[data.files]`, or train on one of its languages (`source =
"swa"`), which transfers better.  A model fine-tuned on PAN-X has no dates: score it with task `panx` on these files,
named in `[data.files.test]` with `labels = { B-DATE = "O", I-DATE = "O" }`.  Paper: adelani-etal-2022-masakhaner.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.tagging import TaggingTask

_LANGUAGES = codes("bam bbj ewe fon hau ibo kin lug luo mos nya pcm sna swa tsn twi wol xho yor zul")


class Masakhaner(TaggingTask):
    """MasakhaNER 2.0."""

    labels = codes("O B-PER I-PER B-ORG I-ORG B-LOC I-LOC B-DATE I-DATE")
    languages = _LANGUAGES
    metrics = ("tagging_f1", "tagging_accuracy")
    hub = HubData("masakhane/masakhaner2", columns={"words": "tokens", "tags": "ner_tags"})
    files: ClassVar = {
        "train": ("masakhaner/{language}/train.txt",),
        "dev": ("masakhaner/{language}/dev.txt",),
        "test": ("masakhaner/{language}/test.txt",),
    }
    conll = True
    # The authors' table; their code and that of others yield a few sentences more or less for some languages.
    facts: ClassVar = {
        "train": counts(
            """
            bam 4463 bbj 3384 ewe 3505 fon 4343 hau 5716 ibo 7634 kin 7825 lug 4942 luo 5161 mos 4532 nya 6250
            pcm 5646 sna 6207 swa 6593 tsn 3289 twi 4240 wol 4593 xho 5718 yor 6877 zul 5848
            """
        ),
        "dev": counts(
            """
            bam 638 bbj 483 ewe 501 fon 621 hau 816 ibo 1090 kin 1118 lug 706 luo 737 mos 648 nya 893 pcm 806
            sna 887 swa 942 tsn 499 twi 605 wol 656 xho 817 yor 983 zul 836
            """
        ),
        "test": counts(
            """
            bam 1274 bbj 966 ewe 1001 fon 1240 hau 1633 ibo 2181 kin 2235 lug 1412 luo 1474 mos 1613 nya 1785
            pcm 1294 sna 1773 swa 1883 tsn 996 twi 1211 wol 1312 xho 1633 yor 1964 zul 1670
            """
        ),
    }
    citation = (
        "Adelani, Neubig, Ruder, Rijhwani and others (2022): MasakhaNER 2.0: Africa-centric Transfer Learning for "
        "Named Entity Recognition. EMNLP."
    )
    licence = "CC BY-NC 4.0"
