"""Gradient episodic memory: the task is learned without unlearning what the encoder was pre-trained for.

Each step also reads some sentences of many languages, the memory, and takes the gradient of masked language modelling
on them, with the encoder's own head as it was.  Where the task's gradient would raise that loss, it is projected onto
the nearest one that does not: ``g - (g.m / m.m) m`` if ``g.m < 0``.  The paper keeps sentence retrieval beside masked
language modelling, a constraint each; here there is the one.
Paper: Liu et al. 2020, arXiv 2004.14218; the projection: Chaudhry et al. 2019, arXiv 1812.00420, equation 11, which for
one constraint is Lopez-Paz & Ranzato 2017, arXiv 1706.08840.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from pydantic import Field, PrivateAttr
from torch import Tensor, nn
from torch.nn import functional

from crosslift.data.lexicon import lab_world
from crosslift.data.text import find, lines
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.heads import TaskModel
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens
from crosslift.encoder.masking import mask
from crosslift.errors import CheckpointError, DataError
from crosslift.finetune._batch import LabelledBatch
from crosslift.finetune._method import FinetuneMethod, Translations
from crosslift.train.batch import Batch
from crosslift.train.features import TaskItem
from crosslift.train.method import Backward, Terms


@dataclass(frozen=True)
class Memory(Batch):
    """Sentences with hidden tokens."""

    inputs: Inputs


class GradientEpisodicMemory(FinetuneMethod):
    """The task's gradient, never against that of the memory.  With no memory it is plain fine-tuning.

    Needs a masked-LM head.
    """

    splittable: ClassVar[bool] = False
    new_tokens: ClassVar[bool] = True
    paper: ClassVar[str] = "Liu et al. 2020, arXiv 2004.14218"

    memory: str = Field("lab", description='directory of {language}.txt, or "lab" ("lab:1": of world seed 1)')
    languages: tuple[str, ...] | None = Field(None, description="of the memory; none: all that are there")
    limit: int = Field(200, ge=1, description="sentences a language, at most")
    memory_size: int = Field(16, ge=0, description="sentences of the memory a step")
    mask_probability: float = Field(0.15, gt=0, le=1, description="share of their tokens that are predicted")

    _encoder: Encoder | None = PrivateAttr(None)
    _sentences: list[Tokens] = PrivateAttr(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether there is a memory."""
        return self.memory_size > 0

    def files(self) -> tuple[str, ...]:
        """Return the files of the memory."""
        return () if lab_world(self.memory) is not None else (str(Path(self.memory) / "*.txt*"),)

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Fill the memory, and keep the encoder for its head.

        Raises:
            CheckpointError: it has none.
            DataError: there is no text.
        """
        del views
        if not self.active:
            return
        if not encoder.has_masked_language_model:
            raise CheckpointError(
                f"{encoder.name} has no masked-LM head, whose loss gradient_episodic_memory keeps; use a checkpoint "
                "with such a head"
            )
        longest = max(map(len, items), default=encoder.max_length)
        self._encoder = encoder
        self._sentences = [
            tokens
            for code, sentences in self._texts().items()
            for tokens in encoder.tokenize(sentences, max_length=longest, language=code)
        ]

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Memory | None:
        """Return some sentences of the memory."""
        del model, items, inputs
        if self._encoder is None:
            return None
        places = torch.randint(len(self._sentences), (self.memory_size,), generator=generator).tolist()
        padded = self._encoder.collate([self._sentences[place] for place in places])
        return Memory(mask(padded, self._encoder, self.mask_probability, all_mask=False, generator=generator))

    def run_step(
        self,
        together: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        extra: nn.Module | None,
    ) -> Terms | None:
        """Project the step's gradient."""
        drawn = together.drawn_by(self, batch)
        if not isinstance(drawn, Memory):
            return None
        terms = together.loss(model, batch, extra)
        backward(terms)
        parameters = [p for p in model.module.parameters() if p.requires_grad and p.grad is not None]
        remembered = self._memory_loss(model, drawn.inputs)
        found = torch.autograd.grad(remembered, parameters, allow_unused=True)
        project([p.grad for p in parameters], found)
        return {**terms, "memory": remembered.detach()}

    def _memory_loss(self, model: TaskModel, inputs: Inputs) -> Tensor:
        assert self._encoder is not None
        assert inputs.targets is not None
        positions = inputs.targets != IGNORED
        logits = self._encoder.masked_logits(model.encoder.encode(inputs), positions)
        total = functional.cross_entropy(logits.float(), inputs.targets[positions], reduction="sum")
        return total / max(1, len(logits))

    def _texts(self) -> dict[str, list[str]]:
        world = lab_world(self.memory)
        if world is not None:
            codes = self.languages or tuple(language.code for language in world.languages)
            return {code: world.text(code, self.limit) for code in codes}
        folder = Path(self.memory)
        there = sorted({path.name.partition(".")[0] for path in folder.glob("*.txt*")})
        if not there:
            raise DataError(f"gradient_episodic_memory.memory: {folder} holds no {{language}}.txt, plain or with .gz")
        files = {code: find(folder / f"{code}.txt") for code in self.languages or there}
        missing = [code for code, path in files.items() if path is None]
        if missing:
            raise DataError(
                f"gradient_episodic_memory.languages: {folder} has no {missing[0]}.txt (there is: {', '.join(there)})"
            )
        return {
            code: [text for _, text in lines(path) if text.strip()][: self.limit]
            for code, path in files.items()
            if path is not None
        }


def project(gradients: Sequence[Tensor | None], memory: Sequence[Tensor | None]) -> None:
    """Change `gradients` in place such that a small step along them does not raise the memory's loss.

    Args:
        gradients: of the task, by parameter.
        memory: of the memory's loss, by parameter; None where it does not depend on it.
    """
    pairs = [(g, m.to(g.dtype)) for g, m in zip(gradients, memory, strict=True) if g is not None and m is not None]
    product = torch.stack([(g * m).sum() for g, m in pairs]).sum()
    square = torch.stack([m.square().sum() for _, m in pairs]).sum()
    factor = torch.where(product < 0, product / square.clamp(min=torch.finfo(square.dtype).tiny), 0.0)
    for g, m in pairs:
        g -= factor * m
