"""The ledger: thirty claims, and what it records of settings and published numbers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from crosslift import recipe as recipes
from crosslift import _shelf
from crosslift.catalogue import FAMILIES
from crosslift.pipeline._links import linked  # noqa: F401 - the links that weam reads are made there
from crosslift.studies import Settings, load, names, planned
from crosslift.studies.rules import Measured, Recorded

ROOT = Path(__file__).parents[3]
CLAIMS = load("claims").study
SIX = ("XNLI", "PAWS-X", "POS", "NER", "BUCC", "Tatoeba")
