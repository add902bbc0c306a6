"""Research questions: what is compared, with which controls, and the rule that turns a result into a verdict.

    found = crosslift.study("label-aware-xnli", output="runs/label-aware-xnli", jobs=2)
    found.hypotheses[0].verdict

A study is a TOML file; the ready ones are in the folder `ready`.  Runs are kept, so that an interrupted study goes on
where it was, and arms that begin alike share the beginning.
"""

from crosslift.studies.execute import Outcome
from crosslift.studies.plan import Job
from crosslift.studies.read import load, names
from crosslift.studies.run import Settings, directory_of, planned, study

__all__ = ["Job", "Outcome", "Settings", "directory_of", "load", "names", "planned", "study"]
