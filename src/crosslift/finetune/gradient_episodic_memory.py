"""Gradient episodic memory: the task is learned without forgetting what the encoder was pre-trained for.

Each step also computes the gradient of masked language modelling on some sentences of many languages, the memory, with
the pre-trained masked-LM head; and, with `pairs`, that of cross-lingual sentence retrieval on some sentences and their
translations.  The retrieval loss is InfoNCE of mean states, since the paper's was not available to us.  A task gradient
that would raise one of these losses is projected onto the nearest one that raises none: ``g - (g.m / m.m) m`` for one
loss with ``g.m < 0``, and for two the solution of GEM's quadratic program.
Paper: Liu et al. 2020, arXiv 2004.14218; the projection: Lopez-Paz & Ranzato 2017, arXiv 1706.08840, equations 8 to 12,
which for one constraint is Chaudhry et al. 2019, arXiv 1812.00420, equation 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr
from torch import Tensor, nn
from torch.nn import functional

from crosslift.data.bitext import Bitext
from crosslift.data.lexicon import lab_world
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED, Inputs, Tokens
from crosslift.encoder.masking import mask
from crosslift.errors import CheckpointError, DataError
from crosslift.finetune.bases.batch import LabelledBatch
from crosslift.finetune.bases.method import FinetuneMethod, Translations
from crosslift.heads.task_model import TaskModel
from crosslift.io.text import existing, find, lines
from crosslift.losses import info_nce
from crosslift.train.batch import Batch
from crosslift.train.method import Backward, Terms
from crosslift.train.task_items import TaskItem


@dataclass(frozen=True)
class Memory(Batch):
    """Sentences with masked tokens; and sentences with their translations, row by row."""

    inputs: Inputs
    source: Inputs | None = None
    target: Inputs | None = None


class GradientEpisodicMemory(FinetuneMethod):
    """The task gradient, projected where it conflicts with that of the memory.

    Without a memory it is plain fine-tuning.  Needs a masked-LM head.
    """

    splittable: ClassVar[bool] = False
    new_tokens: ClassVar[bool] = True
    paper: ClassVar[str] = "Liu et al. 2020, arXiv 2004.14218"

    memory: str = Field("lab", description='directory of {language}.txt, or "lab" ("lab:1": of world seed 1)')
    languages: tuple[str, ...] | None = Field(None, description="languages of the memory; none: all that it has")
    limit: int = Field(200, ge=1, description="maximum number of sentences per language")
    memory_size: int = Field(16, ge=0, description="sentences of the memory per step")
    mask_probability: float = Field(0.15, gt=0, le=1, description="share of their tokens that are predicted")

    pairs: str | None = Field(
        None,
        description="memory of sentence retrieval: directory of {language}.tsv, a sentence and its translation, or "
        '"lab"; none: masked language modelling alone',
    )
    pairs_source: str = Field("en", description="language of the first sentence of a pair; ignored in the lab")
    pairs_size: int = Field(16, ge=0, description="pairs of the memory per step")
    temperature: float = Field(0.05, gt=0, description="divides the cosines of sentences and their translations")

    _encoder: Encoder | None = PrivateAttr(None)
    _sentences: list[Tokens] = PrivateAttr(default_factory=list)
    _pairs: list[tuple[Tokens, Tokens]] = PrivateAttr(default_factory=list)

    @property
    def active(self) -> bool:
        """Whether there is a memory."""
        return self.memory_size > 0

    def files(self) -> tuple[str, ...]:
        """Return the files of the memory."""
        text = () if lab_world(self.memory) is not None else (str(Path(self.memory) / "*.txt*"),)
        if self.pairs is None or lab_world(self.pairs) is not None:
            return text
        return (*text, str(Path(self.pairs) / "*.tsv*"))

    def begin(self, encoder: Encoder, items: Sequence[TaskItem], views: Translations) -> None:
        """Fill the memory, and keep the encoder for its masked-LM head.

        Raises:
            CheckpointError: the encoder has no such head.
            DataError: there is no text for the memory.
        """
        del views
        if not self.active:
            return
        if not encoder.has_masked_language_model:
            raise CheckpointError(
                f"{encoder.name} has no masked-LM head, whose loss gradient_episodic_memory protects; use a checkpoint "
                "with such a head"
            )
        longest = max(map(len, items), default=encoder.max_length)
        self._encoder = encoder
        self._sentences = [
            tokens
            for code, sentences in self._texts().items()
            for tokens in encoder.tokenize(sentences, max_length=longest, language=code)
        ]
        self._pairs = [
            pair
            for (source, target), pairs in self._bitexts().items()
            for pair in zip(
                encoder.tokenize([first for first, _ in pairs], max_length=longest, language=source),
                encoder.tokenize([second for _, second in pairs], max_length=longest, language=target),
                strict=True,
            )
        ]

    def draw(
        self, model: TaskModel, items: Sequence[TaskItem], inputs: Inputs, generator: torch.Generator
    ) -> Memory | None:
        """Return some sentences and some pairs of the memory."""
        del model, items, inputs
        if self._encoder is None:
            return None
        places = torch.randint(len(self._sentences), (self.memory_size,), generator=generator).tolist()
        padded = self._encoder.collate([self._sentences[place] for place in places])
        masked = mask(padded, self._encoder, self.mask_probability, all_mask=False, generator=generator)
        if not self._pairs or not self.pairs_size:
            return Memory(masked)
        # Without replacement: a sentence must not be a negative of itself.
        pairs = [self._pairs[place] for place in torch.randperm(len(self._pairs), generator=generator).tolist()]
        sides = zip(*pairs[: self.pairs_size], strict=True)
        return Memory(masked, *(self._encoder.collate(list(side)) for side in sides))

    def run_step(
        self,
        combined: FinetuneMethod,
        model: TaskModel,
        batch: LabelledBatch,
        backward: Backward,
        auxiliary: nn.Module | None,
    ) -> Terms | None:
        """Compute the gradient of the step and project it."""
        drawn = combined.drawn_by(self, batch)
        if not isinstance(drawn, Memory):
            return None
        terms = combined.loss(model, batch, auxiliary)
        backward(terms)
        parameters = [p for p in model.module.parameters() if p.requires_grad and p.grad is not None]
        remembered = {"memory": self.memory_loss(model, drawn.inputs)}
        if drawn.source is not None and drawn.target is not None:
            remembered["retrieval"] = self._retrieval_loss(model, drawn.source, drawn.target)
        found = [torch.autograd.grad(loss, parameters, allow_unused=True) for loss in remembered.values()]
        project([p.grad for p in parameters], *found)
        return {**terms, **{name: loss.detach() for name, loss in remembered.items()}}

    def _retrieval_loss(self, model: TaskModel, source: Inputs, target: Inputs) -> Tensor:
        encoder = model.encoder
        first, second = (encoder.pool(encoder.encode(side), side) for side in (source, target))
        return info_nce(first, second, temperature=self.temperature)

    def memory_loss(self, model: TaskModel, inputs: Inputs) -> Tensor:
        """Return the masked-LM loss on inputs (batch, length) with targets, a scalar."""
        assert self._encoder is not None
        assert inputs.targets is not None
        positions = inputs.targets != IGNORED
        logits = self._encoder.masked_logits(model.encoder.encode(inputs), positions)
        total = functional.cross_entropy(logits.float(), inputs.targets[positions], reduction="sum")
        return total / max(1, len(logits))

    def _bitexts(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """Return the pairs by their two languages."""
        if self.pairs is None:
            return {}
        world = lab_world(self.pairs)
        if world is not None:
            source, targets = world.source.code, [language.code for language in world.targets]
            codes = self.languages or targets
            made = {code: world.bitext(source, code, self.limit) for code in codes if code != source}
            return {(source, code): [(pair.source, pair.target) for pair in pairs] for code, pairs in made.items()}
        folder = Path(self.pairs)
        there = sorted({path.name.partition(".")[0] for path in folder.glob("*.tsv*")})
        codes = [code for code in self.languages or there if code in there]
        if not codes:
            raise DataError(
                f"gradient_episodic_memory.pairs: {folder} has no file {{language}}.tsv or {{language}}.tsv.gz"
            )
        languages = [(self.pairs_source, code) for code in codes]
        return {pair: self._read(folder / f"{pair[1]}.tsv", pair) for pair in languages}

    def _read(self, path: Path, languages: tuple[str, str]) -> list[tuple[str, str]]:
        return list(Bitext.read(existing(path), languages, limit=self.limit))

    def _texts(self) -> dict[str, list[str]]:
        world = lab_world(self.memory)
        if world is not None:
            codes = self.languages or tuple(language.code for language in world.languages)
            return {code: world.text(code, self.limit) for code in codes}
        folder = Path(self.memory)
        there = sorted({path.name.partition(".")[0] for path in folder.glob("*.txt*")})
        if not there:
            raise DataError(
                f"gradient_episodic_memory.memory: {folder} has no file {{language}}.txt or {{language}}.txt.gz"
            )
        files = {code: find(folder / f"{code}.txt") for code in self.languages or there}
        missing = [code for code, path in files.items() if path is None]
        if missing:
            raise DataError(
                f"gradient_episodic_memory.languages: {folder} has no {missing[0]}.txt (available: {', '.join(there)})"
            )
        return {
            code: [text for _, text in lines(path) if text.strip()][: self.limit]
            for code, path in files.items()
            if path is not None
        }


def project(gradients: Sequence[Tensor | None], *memories: Sequence[Tensor | None]) -> None:
    """Project gradients in place onto the nearest ones along which a small step raises no loss of a memory.

    Args:
        gradients: (parameters,), gradients of the task, each in the shape of its parameter.
        memories: (memories, parameters), gradients of each memory's loss; None where the loss does not depend on the
            parameter.
    """
    products = np.array([_dot(gradients, memory) for memory in memories])
    gram = np.array([[_dot(one, other) for other in memories] for one in memories])
    for factor, memory in zip(dual(gram, products), memories, strict=True):
        for g, m in zip(gradients, memory, strict=True):
            if factor and g is not None and m is not None:
                g += factor * m.to(g.dtype)


def dual(gram: NDArray[np.float64], products: NDArray[np.float64]) -> list[float]:
    """Return v >= 0 that minimises ``v'Gv / 2 + p'v``: the factors of the memories' gradients, added to the task's.

    Exact for a few memories: the set of binding constraints is found by trying all sets, small ones first.

    Args:
        gram: (memories, memories), inner products of the memories' gradients, G.
        products: (memories,), their inner products with the task's gradient, p.

    Source: Lopez-Paz & Ranzato 2017, arXiv 1706.08840, equation 11.
    """
    count = len(products)
    sets = [list(chosen) for size in range(count + 1) for chosen in combinations(range(count), size)]
    tried = []
    for chosen in sets:
        factors = np.zeros(count)
        if chosen:
            factors[chosen] = -np.linalg.lstsq(gram[np.ix_(chosen, chosen)], products[chosen], rcond=None)[0]
        left = gram @ factors + products
        tolerance = 1e-9 * max(1e-30, float(np.abs(products).max(initial=0)))
        violation = max(0.0, -float(left.min(initial=0)) - tolerance, -float(factors.min(initial=0)))
        tried.append((violation, factors))
    _, best = min(tried, key=lambda found: found[0])
    return [max(0.0, float(factor)) for factor in best]


def _dot(one: Sequence[Tensor | None], other: Sequence[Tensor | None]) -> float:
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    if not both:
        return 0.0
    return float(torch.stack([(a * b.to(a.dtype)).sum(dtype=torch.float64) for a, b in both]).sum())
