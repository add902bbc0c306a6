"""Plain fine-tuning: cross-entropy on the labels of the source language; the baseline of every other method.

Paper: Devlin et al. 2019, arXiv 1810.04805; zero-shot as in Hu et al. 2020 (XTREME), arXiv 2003.11080.
"""

from __future__ import annotations

from typing import ClassVar

from crosslift.finetune.bases.method import FinetuneMethod


class Plain(FinetuneMethod):
    """Cross-entropy on the labels."""

    paper: ClassVar[str] = "Devlin et al. 2019, arXiv 1810.04805"
