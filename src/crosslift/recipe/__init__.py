"""The experiment as a value: a TOML file read strictly, with every mistake reported at once.  Imports no torch.

Precedence in one sentence: default < recipe < command line (``key.path=value``).
"""

from crosslift.recipe.loading import LAB_RECIPE, build, content_hash, load, read, to_toml, values
from crosslift.recipe.overrides import override
from crosslift.recipe.tables.adapters import AdapterTable, LanguageAdaptersTable
from crosslift.recipe.tables.align import AlignTable, BitextTable, ObjectiveTable
from crosslift.recipe.tables.common import MethodTable, NamedTable, SmoothTable, Table, TextTable, TrainTable
from crosslift.recipe.tables.dual_encoder import DualEncoderTable
from crosslift.recipe.tables.evaluate import EvaluateTable, Pooling, Search
from crosslift.recipe.tables.finetune import FinetuneTable, InputTable, Selection, TranslateTable, TranslatorTable
from crosslift.recipe.tables.intermediate import IntermediateTable, MaskedTable
from crosslift.recipe.tables.pretrain import EncoderTable, PretrainTable
from crosslift.recipe.tables.recipe import Recipe

__all__ = [
    "LAB_RECIPE",
    "AdapterTable",
    "AlignTable",
    "BitextTable",
    "DualEncoderTable",
    "EncoderTable",
    "EvaluateTable",
    "FinetuneTable",
    "InputTable",
    "IntermediateTable",
    "LanguageAdaptersTable",
    "MaskedTable",
    "MethodTable",
    "NamedTable",
    "ObjectiveTable",
    "Pooling",
    "PretrainTable",
    "Recipe",
    "Search",
    "Selection",
    "SmoothTable",
    "Table",
    "TextTable",
    "TrainTable",
    "TranslateTable",
    "TranslatorTable",
    "build",
    "content_hash",
    "load",
    "override",
    "read",
    "to_toml",
    "values",
]
