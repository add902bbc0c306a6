"""What a sentence of the lab says, before any language says it.

Nouns, actions, properties, places and times are concepts: names from `crosslift.lab.concepts`, spelled in English so
that a meaning can be read.  Question words (`who`, `what`, `where`, `when`) stand where the asked part would stand.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """Who or what takes part: a noun or a name, perhaps with a property; `count` above 1 is said as a numeral."""

    noun: str
    property: str | None = None
    count: int = 1
    surname: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where: `relation` (in, near) and a place or a city; a question has no relation."""

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
