"""Intent and slots of questions about flights: ATIS in nine languages (MultiATIS++).

The corpus is distributed by the LDC (LDC2021T04): files `{train,dev,test}_{language}.tsv`, with languages in capitals,
a header (id, utterance, slot_labels, intent), and words and tags separated by spaces; put them into `multiatis/`.
Hindi and Turkish have less training data, and Turkish has a smaller test set.  Several intents of a question are joined
by "#" into one label.  Paper: xu-etal-2020-end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import IntentSlotExample
from crosslift.api.task import codes, counts
from crosslift.io.text import Row, tsv
from crosslift.tasks.bases.intent_slot import IntentSlotTask


class Multiatis(IntentSlotTask):
    """MultiATIS++."""

    source = "EN"
    languages = codes("EN ES PT DE FR ZH JA HI TR")
    groups: ClassVar = {"full": codes("EN ES PT DE FR ZH JA")}
    files: ClassVar = {split: (f"multiatis/{split}_{{language}}.tsv",) for split in ("train", "dev", "test")}
    columns = ("id", "utterance", "slot_labels", "intent")
    answers = ("slot_labels", "intent")
    facts: ClassVar = {
        "train": counts("EN 4488 ES 4488 PT 4488 DE 4488 FR 4488 ZH 4488 JA 4488 HI 1440 TR 578"),
        "dev": counts("EN 490 ES 490 PT 490 DE 490 FR 490 ZH 490 JA 490 HI 160 TR 60"),
        "test": counts("EN 893 ES 893 PT 893 DE 893 FR 893 ZH 893 JA 893 HI 893 TR 715"),
    }
    citation = (
        "Xu, Haider and Mansour (2020): End-to-End Slot Alignment and Recognition for Cross-Lingual NLU. EMNLP.  "
        "Hindi and Turkish: Upadhyay, Faruqui, Tur, Hakkani-Tur and Heck (2018), ICASSP."
    )
    licence = "LDC User Agreement for Non-Members"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the rows of a file with the header `id<TAB>utterance<TAB>slot_labels<TAB>intent`."""
        return tsv(path)

    def from_row(
        self, row: Mapping[str, Any], index: int, *, where: str, features: Mapping[str, Any] | None = None
    ) -> IntentSlotExample:
        """Return the example of one row."""
        made = {"id": row["id"], "words": row["utterance"], "tags": row.get("slot_labels"), "intent": row.get("intent")}
        return super().from_row(made, index, where=where, features=features)
