"""Part-of-speech tagging with the 17 tags of Universal Dependencies, as XTREME splits and scores it.

XTREME scores the bare tags with seqeval, which is not accuracy: a run of words with the same tag counts as one chunk.
Both scores are given.  The hub has UD 2.5, the download script UD 2.7: never mix the two, since sentences move between
splits of different releases.  Paper: hu-etal-2020-xtreme.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.api.task import HubData, codes, counts
from crosslift.tasks.bases.tagging import TaggingTask

UPOS = codes("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X")
"""The universal part-of-speech tags."""
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


class Udpos(TaggingTask):
    """UD-POS of XTREME and XTREME-R."""

    labels = UPOS
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
    # Counted in the files that XTREME's script makes from UD 2.7.
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
