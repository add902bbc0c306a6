"""Randomized smoothing with random perturbation (RS-RP): noise on the embeddings, drawn anew at each step.

An imperfectly aligned translation looks like a perturbed source sentence, so a classifier that is smooth around source
sentences should transfer better.  The paper gives no radius; a later study found 0.01 slightly better than 0.1.
Paper: Huang et al. 2021, arXiv 2104.08645, section 3.2; smoothing: Cohen et al. 2019, arXiv 1902.02918.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from crosslift.finetune.bases.batch import ModelInput
from crosslift.finetune.bases.embedding_noise import EmbeddingNoise, values_of
from crosslift.finetune.bases.method import Loss
from crosslift.heads.task_model import TaskModel
from crosslift.train.batch import Batch


class RandomPerturbation(EmbeddingNoise):
    """Uniform noise in a ball, or normal noise.  Equal to plain fine-tuning at radius 0."""

    paper: ClassVar[str] = "Huang et al. 2021, arXiv 2104.08645"

    noise: Literal["uniform", "normal"] = Field(
        "uniform", description="uniform in the ball, or normal with the radius as root mean square length"
    )

    @property
    def active(self) -> bool:
        """Whether there is noise."""
        return self.radius > 0

    @property
    def distribution(self) -> Literal["uniform", "normal"]:
        """The distribution of the noise."""
        return self.noise

    def perturb(
        self, model: TaskModel, model_input: ModelInput, drawn: Batch | None, loss: Loss, auxiliary: Any
    ) -> ModelInput:
        """Return the input with noise added."""
        del loss, auxiliary
        if not self.active:
            return model_input
        return self.moved(model, model_input, values_of(drawn, model_input) * self.radii(model, model_input))
