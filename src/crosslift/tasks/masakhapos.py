"""Part-of-speech tagging in 20 African languages with the 17 tags of Universal Dependencies.

There is no English data: fine-tune on `udpos`, which has the same labels, and score this task; or train on one of its
languages (`source = "wol"`).  Scored by accuracy.  Its sentences are those of MasakhaNER.  Paper:
dione-etal-2023-masakhapos.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.tagging import TaggingTask
from crosslift.tasks.udpos import UPOS

_LANGUAGES = codes("bam bbj ewe fon hau ibo kin lug luo mos nya pcm sna swa tsn twi wol xho yor zul")


class Masakhapos(TaggingTask):
    """MasakhaPOS."""

    labels = UPOS
    languages = _LANGUAGES
    metrics = ("tagging_accuracy", "tagging_f1")
    lab_task = "pos"
    hub = HubData("masakhane/masakhapos", columns={"words": "tokens", "tags": "upos"})
    files: ClassVar = {
        "train": ("masakhapos/{language}/train.txt",),
        "dev": ("masakhapos/{language}/dev.txt",),
        "test": ("masakhapos/{language}/test.txt",),
    }
    conll = True
    # Counted in the authors' files.
    facts: ClassVar = {"dev": counts("hau 150 ibo 160 kin 151 swa 138 wol 156 xho 150 yor 178 zul 150")}
    citation = (
        "Dione, Adelani, Nabende, Alabi and others (2023): MasakhaPOS: Part-of-Speech Tagging for Typologically "
        "Diverse African Languages. ACL."
    )
    licence = "CC BY-NC 4.0"
