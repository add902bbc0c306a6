"""Question answering in 9 languages, each with its own questions and articles: the gold passages of TyDi QA.

Nothing is translated: people asked what they wanted to know.  XTREME trains on English and scores the dev set, since
there is no public test set, as the mean of F1 and exact match.  Dev and test are therefore the same here, and
`source-dev` selects on the English part of the scored data; XTREME uses the last weights (`selection = "last"`).  Train
sets of other languages are used with `finetune.source`.  Papers: clark-etal-2020-tydi, hu-etal-2020-xtreme.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.extractive_qa import ExtractiveQATask

_LANGUAGES = codes("ar bn en fi id ko ru sw te")
_HUB_NAMES = codes("arabic bengali english finnish indonesian korean russian swahili telugu")
_DEV = counts("ar 921 bn 113 en 440 fi 782 id 565 ko 276 ru 812 sw 499 te 669")
_DEV_FILES = (
    "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json",
    "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.{language}.dev.json",
)


class Tydiqa(ExtractiveQATask):
    """TyDiQA-GoldP, version 1.1."""

    languages = _LANGUAGES
    hub = HubData(
        "google-research-datasets/tydiqa",
        config="secondary_task",
        splits={"train": "train", "dev": "validation", "test": "validation"},
        languages=dict(zip(_LANGUAGES, _HUB_NAMES, strict=True)),
        id_prefix="{language}-",
    )
    files: ClassVar = {
        "train": (
            "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{language}.train.json",
            "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.{language}.train.json",
        ),
        "dev": _DEV_FILES,
        "test": _DEV_FILES,
    }
    facts: ClassVar = {
        "train": counts("ar 14805 bn 2390 en 3696 fi 6855 id 5702 ko 1625 ru 6490 sw 2755 te 5563"),
        "dev": _DEV,
        "test": _DEV,
    }
    citation = (
        "Clark, Choi, Collins, Garrette, Kwiatkowski, Nikolaev and Palomaki (2020): TyDi QA: A Benchmark for "
        "Information-Seeking Question Answering in Typologically Diverse Languages. TACL."
    )
    licence = "Apache-2.0; passages (Wikipedia): CC BY-SA 3.0"
