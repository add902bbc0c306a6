"""Commands to a voice assistant, shared by the lab tasks intent, slots and joint."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from crosslift.lab.concepts import TIMES
from crosslift.lab.meaning import Event
from crosslift.lab.sampling import sample_name, sample_place, sample_thing
from crosslift.lab.splits import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.api.examples import Split
    from crosslift.lab.chance import Draws
    from crosslift.lab.grammar import Sentence

INTENTS: Final = MappingProxyType({
    "book_ride": ("buy", "vehicle"),
    "call_person": ("find", "person"),
    "find_place": ("find", "landform"),
    "order_food": ("buy", "food"),
    "play_music": ("start", "instrument"),
    "sign_document": ("accept", "document"),
    "stop_music": ("stop", "instrument"),
    "turn_off": ("stop", "machine"),
    "turn_on": ("start", "machine"),
})  # fmt: skip
"""Intent to its action and kind of thing; only both together identify it."""

SLOTS: Final = ("item", "number", "person", "place", "time")
_SLOT_OF_PART: Final = MappingProxyType({
    "patient.property": "item",
    "patient.noun": "item",
    "patient.surname": "person",
    "patient.count": "number",
    "place.noun": "place",
    "time": "time",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Command:
    """A requested event and its intent."""

    event: Event
    intent: str


def commands(draws: Draws, split: Split) -> Iterator[Command]:
    """Yield commands of the split, cycling through the intents."""
    while True:
        for intent in draws.shuffled(tuple(INTENTS)):
            yield Command(until(split, lambda intent=intent: _event(intent, draws)), intent)  # type: ignore[misc]


def _event(intent: str, draws: Draws) -> Event:
    action, kind = INTENTS[intent]
    patient = sample_name(draws) if kind == "person" else sample_thing(draws, kind)
    place = sample_place(draws) if draws.chance(0.5) else None
    return Event(None, action, patient, place, draws.pick(TIMES) if draws.chance(0.5) else None)


def slot_tags(sentence: Sentence) -> tuple[str, ...]:
    """Return the BIO tag of each word; adjacent words of the same slot form one span."""
    slots = [
        "person" if slot and upos == "PROPN" and slot == "item" else slot
        for slot, upos in zip(map(_SLOT_OF_PART.get, sentence.parts), sentence.upos, strict=True)
    ]
    before = [None, *slots]
    return tuple(
        f"{'I' if slot == last else 'B'}-{slot}" if slot else "O" for slot, last in zip(slots, before, strict=False)
    )
