"""The tasks of the lab, one file each."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from crosslift.lab.tasks.causal import Causal
from crosslift.lab.tasks.intent import Intent
from crosslift.lab.tasks.joint import Joint
from crosslift.lab.tasks.mining import Mining
from crosslift.lab.tasks.ner import Ner
from crosslift.lab.tasks.nli import Nli
from crosslift.lab.tasks.paraphrase import Paraphrase
from crosslift.lab.tasks.pos import Pos
from crosslift.lab.tasks.retrieval import Retrieval
from crosslift.lab.tasks.slots import Slots
from crosslift.lab.tasks.span_qa import SpanQa
from crosslift.lab.tasks.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosslift.lab.tasks.task import LabTask

LAB_TASKS: Final[Mapping[str, LabTask[Any]]] = MappingProxyType({
    "causal": Causal(),
    "intent": Intent(),
    "joint": Joint(),
    "mining": Mining(),
    "ner": Ner(),
    "nli": Nli(),
    "paraphrase": Paraphrase(),
    "pos": Pos(),
    "retrieval": Retrieval(),
    "slots": Slots(),
    "span_qa": SpanQa(),
    "topic": Topic(),
})  # fmt: skip
"""Lab task by name."""
