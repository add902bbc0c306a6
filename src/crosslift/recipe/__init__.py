"""The recipe of an experiment: a TOML file read strictly, with all mistakes reported at once.  Imports no torch.

Precedence in one sentence: default < recipe < command line (``key.path=value``).
"""

from crosslift.recipe.loading import LAB_RECIPE, build, content_hash, load, read, to_toml, values
from crosslift.recipe.overrides import override
from crosslift.recipe.tables.align import AlignTable, BitextTable, ObjectiveTable
from crosslift.recipe.tables.common import MethodTable, NamedTable, StageTable, Table, TextTable, TrainTable
from crosslift.recipe.tables.dual_encoder import DualEncoderTable
from crosslift.recipe.tables.encoder import EncoderTable
from crosslift.recipe.tables.evaluate import EvaluateTable, SmoothTable
from crosslift.recipe.tables.finetune import AdapterTable, FinetuneTable, InputTable, Selection
from crosslift.recipe.tables.intermediate import IntermediateTable, MaskedTable
from crosslift.recipe.tables.language_adapters import LanguageAdaptersTable
from crosslift.recipe.tables.pretrain import PretrainTable
from crosslift.recipe.tables.recipe import Recipe
from crosslift.recipe.tables.translate import TranslateTable, TranslatorTable

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
    "PretrainTable",
    "Recipe",
    "Selection",
    "SmoothTable",
    "StageTable",
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
