"""A saved model, loaded once in the form that a task needs: with its head, or the encoder alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from crosslift.choices import Precision
from crosslift.encoder.device import default_device
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.precision import lower
from crosslift.errors import CheckpointError
from crosslift.heads.task_model import TaskModel
from crosslift.runs.provenance import Origin, origin

SAVED = "as saved"
"""Selection rule of a saved model's scores, since its file does not say which rule chose the weights."""


@dataclass(frozen=True)
class SavedModel:
    """A checkpoint, on the device and in the precision that it is scored with."""

    name: str
    """Directory or hub id."""
    precision: Precision

    @cached_property
    def origin(self) -> Origin:
        """The run that the model comes from, or its name."""
        return origin(self.name)

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder without a head."""
        encoder = Encoder.load(self.name).to(default_device())
        lower(encoder.model, self.precision)
        return encoder

    @cached_property
    def _loaded(self) -> TaskModel | CheckpointError:
        try:
            model = TaskModel.load(self.name).to(default_device())
        except CheckpointError as error:
            return error
        lower(model.module, self.precision)
        return model

    @property
    def model(self) -> TaskModel:
        """The model with its head.

        Raises:
            CheckpointError: it cannot be loaded, or has no task head.
        """
        if isinstance(self._loaded, CheckpointError):
            raise self._loaded
        return self._loaded

    @property
    def rule(self) -> str:
        """Selection rule of its scores, labelled with a lower precision."""
        return SAVED if self.precision == "float32" else f"{SAVED}, {self.precision}"
