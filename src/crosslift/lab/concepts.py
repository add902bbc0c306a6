"""The concepts of the lab's world: nouns, actions, properties, places, times and names.

Opposites exclude each other.  Actions come in pairs of opposites with the same selectional preferences, so no action
reveals whether a sentence contradicts another.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MEMBERS: Final = MappingProxyType({
    "person": ("farmer", "teacher", "doctor", "nurse", "driver", "pilot", "singer", "minister", "player", "scientist"),
    "animal": ("dog", "cat", "horse", "cow", "wolf"),
    "food": ("apple", "bread", "cheese", "soup", "rice"),
    "machine": ("engine", "computer", "radio", "camera", "phone"),
    "vehicle": ("car", "train", "ship", "bus", "bicycle"),
    "remedy": ("pill", "bandage", "vaccine", "ointment"),
    "instrument": ("guitar", "drum", "flute", "piano"),
    "document": ("law", "letter", "treaty", "ballot"),
    "landform": ("river", "mountain", "lake", "island"),
    "gear": ("ball", "racket", "helmet", "medal"),
})  # fmt: skip
"""Hypernym to hyponyms; every noun below the top has exactly one hypernym."""

KIND_OF: Final = MappingProxyType({noun: kind for kind, nouns in MEMBERS.items() for noun in nouns})
"""Hyponym to hypernym."""

_ALL = tuple(MEMBERS)
_MADE = ("machine", "vehicle", "instrument", "gear")
_WARES = (*_MADE, "food", "remedy")
_LIVING = ("person", "animal")


@dataclass(frozen=True, slots=True)
class Action:
    """A verb's meaning: its opposite, and which kinds do it to which; without patients, it is intransitive."""

    name: str
    opposite: str
    agents: tuple[str, ...]
    patients: tuple[str, ...] = ()


_PAIRS = (
    ("find", "lose", _LIVING, _ALL),
    ("buy", "sell", ("person",), _WARES),
    ("love", "hate", _LIVING, _ALL),
    ("push", "pull", _LIVING, _MADE),
    ("start", "stop", ("person",), ("machine", "vehicle", "instrument")),
    ("build", "destroy", ("person",), _MADE),
    ("praise", "blame", ("person",), ("person", "document", "food")),
    ("follow", "lead", _LIVING, _LIVING),
    ("accept", "refuse", ("person",), ("document", "remedy", "food")),
    ("wash", "soil", _LIVING, (*_MADE, "animal")),
    ("help", "hinder", _LIVING, _LIVING),
    ("approach", "avoid", _LIVING, ("landform", "vehicle", *_LIVING)),
    ("wake", "sleep", _LIVING, ()),
    ("laugh", "weep", ("person",), ()),
    ("arrive", "depart", _LIVING, ()),
)
ACTIONS: Final = MappingProxyType({
    name: Action(name, opposite, agents, patients)
    for first, second, agents, patients in _PAIRS
    for name, opposite in ((first, second), (second, first))
})  # fmt: skip

_PROPERTY_PAIRS = (
    ("big", "small", _ALL),
    ("old", "new", _ALL),
    ("good", "bad", _ALL),
    ("fast", "slow", (*_LIVING, "machine", "vehicle", "remedy", "landform", "gear")),
    ("strong", "weak", (*_LIVING, "machine", "vehicle", "remedy", "document", "gear")),
    ("clean", "dirty", (*_LIVING, *_MADE, "food", "landform")),
    ("loud", "quiet", (*_LIVING, *_MADE, "landform")),
    ("cheap", "costly", (*_WARES, "document")),
    ("hot", "cold", (*_MADE, "food", "remedy", "landform")),
    ("happy", "sad", _LIVING),
)
OPPOSITE_PROPERTY: Final = MappingProxyType({
    name: opposite
    for first, second, _ in _PROPERTY_PAIRS
    for name, opposite in ((first, second), (second, first))
})  # fmt: skip
PROPERTIES_OF: Final = MappingProxyType({
    kind: tuple(name for first, second, kinds in _PROPERTY_PAIRS if kind in kinds for name in (first, second))
    for kind in _ALL
})  # fmt: skip
"""The properties that a kind can have."""

PLACES: Final = ("park", "school", "market", "forest", "station", "hospital", "kitchen", "garden")
RELATIONS: Final = ("in", "near")
TIMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COUNTS: Final = (2, 3, 4, 5)

PEOPLE: Final = tuple(f"person-name-{index}" for index in range(12))
SURNAMES: Final = tuple(f"surname-{index}" for index in range(6))
CITIES: Final = tuple(f"city-name-{index}" for index in range(8))
COMPANIES: Final = tuple(f"company-name-{index}" for index in range(4))
NAMES: Final = (*PEOPLE, *SURNAMES, *CITIES, *COMPANIES)
ENTITY_TYPE: Final = MappingProxyType(
    dict.fromkeys((*PEOPLE, *SURNAMES), "PER") | dict.fromkeys(CITIES, "LOC") | dict.fromkeys(COMPANIES, "ORG")
)
"""Name to its type in named entity recognition."""

QUESTION_WORDS: Final = ("who", "what", "where", "when")
FUNCTION_WORDS: Final = MappingProxyType({"the": "DET", "not": "PART", "is": "AUX"})

UPOS: Final = MappingProxyType(
    dict.fromkeys((*MEMBERS, *KIND_OF, *PLACES, *TIMES), "NOUN")
    | dict.fromkeys(ACTIONS, "VERB")
    | dict.fromkeys(OPPOSITE_PROPERTY, "ADJ")
    | dict.fromkeys(RELATIONS, "ADP")
    | dict.fromkeys(NAMES, "PROPN")
    | dict.fromkeys(QUESTION_WORDS, "PRON")
    | dict(FUNCTION_WORDS)
)
"""Every concept that languages have a word for, and its universal part of speech."""

TOPIC_KINDS: Final = MappingProxyType({
    "science/technology": ("machine", ("scientist",)),
    "travel": ("vehicle", ("driver", "pilot")),
    "politics": ("document", ("minister",)),
    "sports": ("gear", ("player",)),
    "health": ("remedy", ("doctor", "nurse")),
    "entertainment": ("instrument", ("singer",)),
    "geography": ("landform", ("farmer", "teacher")),
})  # fmt: skip
"""Topic to the kind of thing it is about and the people in that field."""

EFFECTS: Final = MappingProxyType({
    "wash": ("patient", "clean"),
    "soil": ("patient", "dirty"),
    "start": ("patient", "loud"),
    "stop": ("patient", "quiet"),
    "build": ("patient", "new"),
    "destroy": ("patient", "old"),
    "praise": ("patient", "good"),
    "blame": ("patient", "bad"),
    "help": ("patient", "happy"),
    "hinder": ("patient", "sad"),
    "find": ("agent", "happy"),
    "lose": ("agent", "sad"),
    "push": ("agent", "strong"),
    "pull": ("agent", "weak"),
    "follow": ("agent", "slow"),
    "lead": ("agent", "fast"),
})  # fmt: skip
"""Action to its effect: whose property changes, and to what.  Opposite actions have opposite effects."""


def kind_of(noun: str) -> str:
    """Return the hypernym of a noun; a hypernym is its own, and a name counts as a person."""
    return KIND_OF.get(noun, noun if noun in MEMBERS else "person")
