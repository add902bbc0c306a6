"""The lab: a small world and the languages spoken in it, to try every part of crosslift on something that behaves.

A *meaning* ("an old farmer washes two cars, in the park") is drawn from a world of things, actions and properties; a
*language*, given by a few dials (word order, cases, share of cognates, script, amount of text), says it.  Because
sentences come from meanings, every task has gold labels in every language and every sentence pair has gold word
alignments; because languages come from dials, distance is an experimental variable.

>>> world = World(seed=0)
>>> text = world.text("qab", 1000)                        # not parallel to any other language's
>>> pairs = world.bitext("qaa", "qah", 1000)              # translations with gold word links
>>> train = world.examples("nli", "qaa", "train", 3000)   # the same ids mean the same in every language

Nothing here needs torch.
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
