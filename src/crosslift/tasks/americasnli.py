"""Natural language inference in ten indigenous languages of the Americas; also called X-ANLI.

Items with the same id are translations of each other.  The hub has no ids, so languages that lack items there cannot be
matched with the others, and agreement between languages is measured without them.

There is no training set: models are trained on English (or Spanish) NLI and selected on English XNLI dev, as in the
paper.  A directory takes both from XNLI's files; from the hub, fine-tune on `xnli` or `mnli` and score this task.  Dev
and test are translations of Spanish XNLI dev and test: never train on those.
Paper: ebrahimi-etal-2022-americasnli.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.nli import NliTask

_LANGUAGES = codes("aym bzd cni gn hch nah oto quy shp tar")


class Americasnli(NliTask):
    """AmericasNLI."""

    languages = _LANGUAGES
    parallel = True
    hub = HubData(
        "nala-cub/americas_nli",
        splits={"dev": "validation", "test": "test"},
        gaps={"dev": ("cni", "nah", "oto"), "test": ("nah", "oto")},
    )
    files: ClassVar = {
        "train": ("xnli/train-en.tsv",),
        "dev": ("americasnli/dev/{language}.tsv", "xnli/dev-en.tsv"),
        "test": ("americasnli/test/{language}.tsv",),
    }
    identifier = "id"
    # Counted in the authors' files; the table in the paper has fewer Nahuatl dev pairs.
    facts: ClassVar = {
        "train": {"en": 392_702},
        "dev": {"en": 2_490} | counts("aym 743 bzd 743 cni 658 gn 743 hch 743 nah 585 oto 222 quy 743 shp 743 tar 743"),
        "test": counts("aym 750 bzd 750 cni 750 gn 750 hch 750 nah 738 oto 748 quy 750 shp 750 tar 750"),
    }
    citation = (
        "Ebrahimi, Mager, Oncevay and others (2022): AmericasNLI: Evaluating Zero-shot Natural Language Understanding "
        "of Pretrained Multilingual Models in Truly Low-resource Languages. ACL."
    )
    licence = "CC BY-SA 4.0; training data as for XNLI"
