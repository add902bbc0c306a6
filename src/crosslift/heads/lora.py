"""LoRA: low-rank updates of linear layers, trained with the head while the rest of the encoder is frozen.

W becomes W + (alpha / rank) B A, with A of (rank, in) drawn at random and B of (out, rank) zero, so that training
starts from the plain model.  Paper: Hu et al. 2022, arXiv 2106.09685, section 4.1.  The layers are those of `peft`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors.torch import save_file
from torch import Tensor, nn

from crosslift.compat import PreTrainedModel, lora_config, lora_injected
from crosslift.encoder.seeding import seeded
from crosslift.errors import RecipeError, nearest
from crosslift.heads.linear import LinearHead
from crosslift.heads.task_model import TaskModel

if TYPE_CHECKING:
    from crosslift.encoder.encoder import Encoder

Modules = Literal["attention", "linear"] | tuple[str, ...]
"""The linear layers that get an update: those of attention, all, or those with given names."""
_NAME = "default"
"""peft's name of an unnamed adapter."""
_OUTER = "base_model.model."
"""Prefix of weight names in peft's files."""


def require_peft(where: str) -> None:
    """Check that peft is installed.

    Raises:
        RecipeError: it is not; the message begins with `where`.
    """
    if find_spec("peft") is None:
        raise RecipeError(f"{where} needs peft: pip install 'crosslift[peft]'")


def linear_layers(encoder: Encoder) -> dict[str, nn.Linear]:
    """Return the linear layers inside the transformer's layers, by their names in the bare transformer."""
    layers = {name: part for name, part in encoder.base.named_modules() if isinstance(part, nn.Linear)}
    return {name: layer for name, layer in layers.items() if any(part.isdigit() for part in name.split("."))}


def target_layers(encoder: Encoder, modules: Modules) -> list[str]:
    """Return the names, in the bare transformer, of the layers that get an update.

    Raises:
        RecipeError: no layer has one of the names; the message lists those of the family.
    """
    layers = linear_layers(encoder)
    if modules == "linear":
        return list(layers)
    if modules == "attention":
        return [name for name in layers if _in_attention(name)]
    known = sorted({name.rpartition(".")[2] for name in layers})
    for wanted in modules:
        if wanted not in known:
            raise RecipeError(
                f"finetune.adapter.modules: {encoder.name} has no linear layer called '{wanted}'"
                f"{nearest(wanted, known)} (available: {', '.join(known)}; or 'attention', or 'linear')"
            )
    return [name for name in layers if name.rpartition(".")[2] in modules]


def _in_attention(name: str) -> bool:
    parts = [part.lower() for part in name.split(".")]
    return any("attention" in part or part.endswith("attn") for part in parts)


class Lora:
    """A task model with low-rank updates in its transformer, until `detach`.

    Args:
        model: its module is changed in place; only the updates and the head are trained then.
        head: parameters of the head; frozen ones stay frozen.
        rank: rank of each update.
        alpha: updates are scaled by alpha / rank.
        dropout: dropout on the input of an update.
        modules: the layers that get an update.
        seed: seed of the matrices A.

    Raises:
        RecipeError: the head is a decoder, or there is no such layer.
    """

    def __init__(
        self,
        model: TaskModel,
        head: Iterable[nn.Parameter],
        *,
        rank: int,
        alpha: float,
        dropout: float,
        modules: Modules,
        seed: int,
    ) -> None:
        if not isinstance(model.module, PreTrainedModel | LinearHead):
            raise RecipeError(
                "finetune.adapter: a method of the recipe uses the decoder as the head, which is too large to train "
                "along with an adapter; remove one of the two"
            )
        self._module = model.module
        self._trained = {id(parameter): parameter.requires_grad for parameter in model.parameters()}
        of_head = set(map(id, head))
        self._head = [name for name, value in self._module.named_parameters() if id(value) in of_head]
        prefix = "" if model.encoder.base is model.encoder.model else f"{model.encoder.model.base_model_prefix}."
        self._inside = "model." if isinstance(self._module, LinearHead) else ""
        """Prefix of the encoder's weights in a linear head."""
        self._targets = [prefix + name for name in target_layers(model.encoder, modules)]
        self._settings = {"r": rank, "lora_alpha": alpha, "lora_dropout": dropout, "bias": "none"}
        self._base_name = model.encoder.name
        parameters = list(model.parameters())
        with seeded(seed):
            lora_injected(self._module, lora_config(target_modules=self._names, **self._settings))
        self._scale = alpha / rank
        for parameter in parameters:
            parameter.requires_grad_(False)
        for name in self._head:
            value = self._module.get_parameter(name)
            value.requires_grad_(self._trained[id(value)])

    @property
    def _names(self) -> list[str]:
        return [self._inside + name for name in self._targets]

    def plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the module's weights with the updates merged in, by the names of a module without updates.

        Args:
            weights: weights of the module, each of any shape, as its `state_dict` names them.

        Returns:
            W + (alpha / rank) B A, (out, in), for each updated layer; the other weights as they are.
        """
        merged = {name.replace(".base_layer.", "."): value for name, value in weights.items() if ".lora_" not in name}
        for name in self._names:
            down, up = (weights[f"{name}.lora_{part}.{_NAME}.weight"] for part in "AB")
            merged[f"{name}.weight"] = merged[f"{name}.weight"] + self._scale * (up @ down)
        return merged

    def detach(self) -> None:
        """Remove the updates from the module, without merging them in."""
        for name in self._names:
            parent, _, last = name.rpartition(".")
            layer: Any = self._module.get_submodule(name)
            setattr(self._module.get_submodule(parent), last, layer.base_layer)
        if hasattr(self._module, "peft_config"):
            del self._module.peft_config
        for parameter in self._module.parameters():
            parameter.requires_grad_(self._trained[id(parameter)])

    def save(self, weights: Mapping[str, Tensor], directory: str | Path) -> None:
        """Write the updates, and a head of transformers, as peft does.

        `PeftModel.from_pretrained` loads them on top of the checkpoint that fine-tuning started from.  A linear head is
        not among them: it is saved with the merged model.

        Args:
            weights: weights of the module with updates: A is (rank, in), B (out, rank).
            directory: folder to create.
        """
        head = [] if self._inside else self._head
        own = {name: value for name, value in weights.items() if ".lora_" in name or name in head}
        named = {_OUTER + self._plain_name(name): value.detach().cpu().contiguous() for name, value in own.items()}
        Path(directory).mkdir(parents=True)
        save_file(named, Path(directory) / "adapter_model.safetensors")
        config = lora_config(
            target_modules=self._targets,
            modules_to_save=sorted({_head_module(name) for name in head}) or None,
            base_model_name_or_path=self._base_name,
            inference_mode=True,
            **self._settings,
        )
        config.save_pretrained(str(directory))

    def _plain_name(self, name: str) -> str:
        return name.removeprefix(self._inside).replace(f".{_NAME}.", ".")


def _head_module(name: str) -> str:
    """Return the module of the head that a weight belongs to: the outermost, or the transformer's pooler."""
    parts = name.split(".")
    return "pooler" if "pooler" in parts else parts[0]
