"""The lab: a small artificial world and its languages, on which every part of crosslift can be tried.

A *meaning* ("an old farmer washes two cars, in the park") is drawn from a world of things, actions and properties; a
*language*, given by a few parameters (word order, cases, share of cognates, script, amount of text), expresses it.
Because sentences come from meanings, every task has gold labels in every language and every sentence pair has gold word
links; because languages come from parameters, distance is an experimental variable.

>>> world = World(seed=0)
>>> text = world.text("qab", 1000)                        # not parallel to that of any other language
>>> pairs = world.bitext("qaa", "qah", 1000)              # translations with gold word links
>>> train = world.examples("nli", "qaa", "train", 3000)   # equal ids have equal meanings in every language

Imports no torch.
"""

from crosslift.lab.language import Language
from crosslift.lab.meaning import Event, Meaning, Place, State, Thing
from crosslift.lab.presets import PRESETS
from crosslift.lab.world import LabPair, World, lab_task_names, shared_world

__all__ = [
    "PRESETS",
    "Event",
    "LabPair",
    "Language",
    "Meaning",
    "Place",
    "State",
    "Thing",
    "World",
    "lab_task_names",
    "shared_world",
]
