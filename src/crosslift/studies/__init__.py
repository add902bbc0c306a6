"""Studies: a research question, arms with controls, and rules that turn results into verdicts.

    found = crosslift.study("label-aware-xnli", output="runs/label-aware-xnli", jobs=2)
    found.hypotheses[0].verdict

A study is a TOML file; ready ones are in the folder `ready`.  Runs are kept, so that an interrupted study continues
where it stopped, and arms that begin with the same stages share them.
"""

from crosslift.studies.execute import Outcome
from crosslift.studies.plan import Job
from crosslift.studies.read import load, names
from crosslift.studies.run import Settings, directory_of, planned, study

__all__ = ["Job", "Outcome", "Settings", "directory_of", "load", "names", "planned", "study"]
