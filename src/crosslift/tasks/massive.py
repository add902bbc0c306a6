"""Intent and slots of requests to a voice assistant, the same requests in 51 languages.

The archive has one file per language, `1.0/data/{language}.jsonl`, with all splits; put them into `massive/`.  Slots
are marked in the text, as in "wake me up at [time : five am]".  Texts are split at spaces; Chinese and Japanese are
split into characters, except runs of Latin letters, as in the authors' scripts.  Paper: fitzgerald-etal-2023-massive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import IntentSlotExample, Split
from crosslift.api.task import HubData, codes
from crosslift.errors import DataError
from crosslift.io.text import Row, jsonl
from crosslift.tasks.bases.intent_slot import IntentSlotTask, iob2

_LANGUAGES = codes(
    """
    af-ZA am-ET ar-SA az-AZ bn-BD cy-GB da-DK de-DE el-GR en-US es-ES fa-IR fi-FI fr-FR he-IL hi-IN hu-HU hy-AM
    id-ID is-IS it-IT ja-JP jv-ID ka-GE km-KH kn-IN ko-KR lv-LV ml-IN mn-MN ms-MY my-MM nb-NO nl-NL pl-PL pt-PT
    ro-RO ru-RU sl-SL sq-AL sv-SE sw-KE ta-IN te-IN th-TH tl-PH tr-TR ur-PK vi-VN zh-CN zh-TW
    """
)
_BY_CHARACTER = ("ja-JP", "zh-CN", "zh-TW")
_PART = re.compile(r"\[\s*(?P<slot>[^\s:\[\]]+)\s*:(?P<value>[^\]]*)\]|(?P<plain>[^\[]+)|(?P<open>\[)")


class Massive(IntentSlotTask):
    """MASSIVE, release 1.0."""

    source = "en-US"
    languages = _LANGUAGES
    parallel = True
    hub = HubData("AmazonScience/massive")
    files: ClassVar = dict.fromkeys(("train", "dev", "test"), ("massive/{language}.jsonl",))
    columns = ("id", "locale", "utt", "annot_utt", "intent")
    answers = ("annot_utt", "intent")
    facts: ClassVar = {
        "train": dict.fromkeys(_LANGUAGES, 11_514),
        "dev": dict.fromkeys(_LANGUAGES, 2_033),
        "test": dict.fromkeys(_LANGUAGES, 2_974),
    }
    citation = (
        "FitzGerald, Hench, Peris, Mackie, Rottmann, Sanchez, Nash, Urbach, Kakarala, Singh, Ranganath, Crist, Britan, "
        "Leeuwis, Tur and Natarajan (2023): MASSIVE: A 1M-Example Multilingual Natural Language Understanding Dataset "
        "with 51 Typologically-Diverse Languages. ACL."
    )
    licence = "CC BY 4.0"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the objects of a JSON Lines file, which holds all splits."""
        return jsonl(path)

    def of_split(self, row: Mapping[str, Any], split: Split) -> bool:
        """Return whether a row's `partition` is the split."""
        return bool(row.get("partition", split) == split)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> IntentSlotExample:
        """Return the example of one row; the `id` of a request is the same in all languages."""
        locale = self.text(row, "locale", where=where)
        if row.get("annot_utt") is None:
            words, tags = _words(self.text(row, "utt", where=where), locale), None
        else:
            words, tags = _tagged(self.text(row, "annot_utt", where=where), locale, where)
        made = {"id": row["id"], "words": words, "tags": tags, "intent": row.get("intent")}
        return super().from_row(made, index, where=where, features=features)


def _tagged(text: str, locale: str, where: str) -> tuple[list[str], list[str]]:
    """Return the words of a text with slots in brackets, and their tags."""
    words: list[str] = []
    spans: list[tuple[int, int, str]] = []
    for part in _PART.finditer(text):
        if part["open"]:
            raise DataError(f"{where}: '{text}' has an unclosed bracket; expected [slot : words]")
        start = len(words)
        words += _words(part["plain"] or part["value"], locale)
        if part["slot"]:
            spans.append((start, len(words), part["slot"]))
    return words, iob2(spans, len(words))


def _words(text: str, locale: str) -> list[str]:
    if locale not in _BY_CHARACTER:
        return text.split()
    return [word for chunk in text.split() for word in ([chunk] if chunk.isascii() else chunk)]
