"""Text to text: T5, Flan-T5, mT5 and uMT5 classify with their own decoder, by a word for each label.

Each example is put into a prompt, and the score of a label is the log-probability of its word after the prompt; nothing
is generated, and the label with the highest score is predicted.  The loss is cross-entropy over the label set, or that
of the correct word over the vocabulary, as in pre-training.  It combines with other methods: views and noise change
the texts, never the words of the prompt.  Contrastive terms use the states of the encoder, of which the first belongs
to the prompt: pool them with "mean" or "mean_no_special".
Paper: Raffel et al. 2020, arXiv 1910.10683; prompts and ranking of answers: Wei et al. 2022, arXiv 2109.01652 (FLAN).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from crosslift.api.examples import TaskType
from crosslift.encoder.encoder import Encoder
from crosslift.encoder.inputs import IGNORED
from crosslift.errors import RecipeError, unknown
from crosslift.finetune.bases.label_prompts import Style, prompt_for, style_of, words_for
from crosslift.finetune.bases.method import FinetuneMethod
from crosslift.heads.label_words import LabelWords, Wording


class TextToText(FinetuneMethod):
    """The checkpoint's own decoder is the head: it scores a word for each label after a prompt.

    The vocabulary is not trimmed, since label words may be missing from the data.
    """

    makes_head: ClassVar[bool] = True
    new_tokens: ClassVar[bool] = True
    task_types: ClassVar[tuple[str, ...]] = ("sentence", "pair")
    reasons: ClassVar[Mapping[str, str]] = {"extractive_qa": "an answer is cut from the context, not generated"}
    paper: ClassVar[str] = "Raffel et al. 2020, arXiv 1910.10683"

    style: Style | None = Field(
        None,
        description='prompts and words of "t5" (task prefix, label names) or "flan" (question, answers); none: "flan" '
        "for a checkpoint with flan in its name",
    )
    prompt: str | None = Field(
        None, description="with {first} and {second}, or {text}, each between spaces; none: the prompt of the style"
    )
    label_words: dict[str, str] | None = Field(
        None, description="the word of each label, of one or more tokens; none: those of the style"
    )
    normalise: bool = Field(False, description="divide a word's log-probability by the number of its tokens")
    ends: bool | None = Field(
        None,
        description="also score the end of the sequence after a word; none: only if one word begins with another",
    )
    loss_over: Literal["labels", "tokens"] = Field(
        "labels", alias="loss", description="softmax over the labels' words, or over the vocabulary at each token"
    )

    def head(self, encoder: Encoder, *, task: str, task_type: TaskType, labels: Sequence[str], seed: int) -> LabelWords:
        """Return the decoder of the encoder's checkpoint as a head.

        Raises:
            CheckpointError: the encoder has no decoder.
            RecipeError: prompt or label words do not fit the task or the tokenizer.
        """
        del seed  # there are no new weights
        style = self.style or style_of(encoder.origin[0])
        words = words_for(style, labels) if self.label_words is None else _checked(self.label_words, labels)
        wording = Wording(
            task_type=task_type,
            labels=tuple(labels),
            words=tuple(words[label] for label in labels),
            prompt=self.prompt or prompt_for(style, task=task, task_type=task_type, labels=labels),
            normalise=self.normalise,
            ends=self.ends,
        )
        return LabelWords.of(encoder, wording, exact=self.loss_over == "tokens")

    def task_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return cross-entropy over labels, or minus the log-probabilities of the correct words; a scalar, summed.

        Args:
            logits: (n, labels), log-probabilities of the words.
            labels: (n,), IGNORED where there is none.
        """
        if self.loss_over == "labels":
            return super().task_loss(logits, labels)
        return functional.nll_loss(logits, labels, ignore_index=IGNORED, reduction="sum")


def _checked(words: dict[str, str], labels: Sequence[str]) -> dict[str, str]:
    for label in words:
        if label not in labels:
            raise RecipeError(f"label_words.{label}: {unknown('label', label, labels)}")
    if missing := [label for label in labels if label not in words]:
        raise RecipeError(f"label_words: no word for {', '.join(missing)}; every label needs one")
    return words
