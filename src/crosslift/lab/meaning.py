"""Meanings of sentences, independent of any language.

Nouns, actions, properties, places and times are concepts: names from `crosslift.lab.concepts`, spelled in English so
that meanings are readable.  A question word (`who`, `what`, `where`, `when`) takes the position of the part asked for.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """A participant: a noun or a name, perhaps with a property; a `count` above 1 is expressed as a numeral."""

    noun: str
    property: str | None = None
    count: int = 1
    surname: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A location: `relation` (in, near) and a place or a city; a question has no relation."""

    noun: str
    relation: str | None = "in"


@dataclass(frozen=True, slots=True)
class Event:
    """Somebody does something.  A command has no agent; an action without an object has no patient."""

    agent: Thing | None
    action: str
    patient: Thing | None = None
    place: Place | None = None
    time: str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Something has a property."""

    thing: Thing
    property: str
    negated: bool = False


Meaning = Event | State
