"""Named entities in 48 languages: persons, organisations and places in IOB2, from links in Wikipedia (WikiANN).

Trained on English.  The tags are silver data, made by rules.  XTREME scores 40 languages (group `xtreme`), XTREME-R
eight more.  XTREME's script removes the tags from its test files: score dev, or use the hub.
Papers: pan-etal-2017-cross (the data), rahimi-etal-2019-massively (the splits), hu-etal-2020-xtreme.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.tagging import TaggingTask

_XTREME = codes(
    """
    af ar bg bn de el en es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr ms my nl pt ru sw ta te th
    tl tr ur vi yo zh
    """
)
_LANGUAGES = (*_XTREME, "qu", "pl", "uk", "az", "lt", "pa", "gu", "ro")
_SIZES = dict.fromkeys(_LANGUAGES, 10_000) | counts(
    """
    af 1000 az 1000 bn 1000 gu 100 hi 1000 jv 100 kk 1000 ml 1000 mr 1000 ms 1000 my 100 pa 100 qu 100 sw 1000
    ta 1000 te 1000 tl 1000 ur 1000 yo 100
    """
)
"""Number of sentences of dev, and of test."""


class Panx(TaggingTask):
    """PAN-X of XTREME and XTREME-R."""

    labels = codes("O B-PER I-PER B-ORG I-ORG B-LOC I-LOC")
    languages = _LANGUAGES
    groups: ClassVar = {"xtreme": _XTREME}
    metrics = ("tagging_f1", "tagging_accuracy")
    lab_task = "ner"
    hub = HubData("unimelb-nlp/wikiann", columns={"words": "tokens", "tags": "ner_tags"})
    files: ClassVar = {
        "train": ("panx/train-{language}.tsv",),
        "dev": ("panx/dev-{language}.tsv",),
        "test": ("panx/test-{language}.tsv",),
    }
    facts: ClassVar = {"train": {"en": 20_000}, "dev": _SIZES, "test": _SIZES}
    citation = (
        "Pan, Zhang, May, Nothman, Knight and Ji (2017): Cross-lingual Name Tagging and Linking for 282 Languages. "
        "ACL.  Splits: Rahimi, Li and Cohn (2019): Massively Multilingual Transfer for NER. ACL."
    )
    licence = "ODC-BY; text of Wikipedia, CC BY-SA"
