"""Choices that recipes, commands and functions share, each stated once.  Imports nothing heavy."""

from __future__ import annotations

from typing import Literal

StatePooling = Literal["mean", "mean_no_special", "first"]
"""Pooling of states into one vector: the mean of all tokens, of all but the special tokens, or the first token."""
Pooling = Literal["benchmark", "native", "pooler", StatePooling]
"""Pooling in embedding tasks: the benchmark's rule, the published one, the pooler, or a pooling of states."""
RENAMED_POOLINGS = {"mean_words": "mean_no_special"}
"""New names by old names."""
Search = Literal["auto", "exact", "faiss"]
"""Search for nearest neighbours; "auto" is exact up to 100,000 sentences, or on an accelerator."""
Precision = Literal["float32", "bfloat16", "int8"]
"""Precision of a model's weights in prediction."""
MergeMethod = Literal["average", "task-arithmetic", "ties", "dare"]
"""Methods of merging models."""
