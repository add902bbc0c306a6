"""NLI as text to text in the lab: a small Flan-T5-shaped model, with and without label-aware contrast.

    python experiments/text_to_text_lab.py --seeds 3 --jobs 2 --output runs/text-to-text

A T5 of gated layers with random weights and a vocabulary of the lab's words is pre-trained by span corruption and
aligned by sentence contrast (the encoder; its decoder starts anew), once; each arm then learns NLI in the source
language by the answers of Flan's prompt, and is scored in the lab's languages.  The control reads the same
code-switched views without the contrast.  Finished runs are kept.  Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from grid import Grid, by_language, paired, stage_seconds
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from crosslift.encoder.encoder import seeded
from crosslift.lab import shared_world

SOURCE = "qaa"
PROMPT = "{first} based on that is it true ? {second}"
ANSWERS = {"entailment": "yes", "neutral": "maybe", "contradiction": "no"}
TEXT_TO_TEXT = {"use": "text_to_text", "style": "flan", "prompt": PROMPT, "label_words": ANSWERS}
SWITCH = {"use": "code_switch", "lexicon": "lab"}


def _contrast(pooling: str, weight: float) -> dict[str, Any]:
    return {"use": "label_contrastive", "pooling": pooling, "same_premise": True, "contrast_weight": weight}


ARMS: dict[str, list[dict[str, Any]]] = {
    "text-to-text": [TEXT_TO_TEXT],
    "with views": [TEXT_TO_TEXT, SWITCH, _contrast("mean_words", 0.0)],
    "with label-aware contrast": [TEXT_TO_TEXT, SWITCH, _contrast("mean_words", 0.3)],
}
"""Methods of each arm."""


def write_checkpoint(directory: Path) -> None:
    """Write a T5 of two layers on each side with random weights, unless it is there."""
    if directory.exists():
        return
    world = shared_world(0)
    words = {word for language in world.languages for text in world.text(language.code, 6000) for word in text.split()}
    words |= {word for text in (PROMPT, *ANSWERS.values()) for word in text.split() if "{" not in word}
    special = ["<pad>", "</s>", "<unk>", *(f"<extra_id_{number}>" for number in range(100))]
    vocabulary = {token: number for number, token in enumerate([*special, *sorted(words)])}
    pipeline = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    pipeline.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    pipeline.add_special_tokens(special)
    pipeline.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pipeline, pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        extra_special_tokens=special[3:], model_max_length=128,
    )  # fmt: skip
    config = T5Config(
        vocab_size=len(tokenizer), d_model=128, d_kv=32, d_ff=256, num_layers=2, num_decoder_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", dropout_rate=0.0, decoder_start_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    with seeded(0):
        T5ForConditionalGeneration(config).save_pretrained(directory)
    tokenizer.save_pretrained(directory)


def recipe(output: Path, steps: int, arm: str, seed: int, task: str) -> dict[str, Any]:
    """Return the recipe of an arm and a seed."""
    from crosslift import recipe as recipes

    values = recipes.read(recipes.LAB_RECIPE)
    values["encoder"] = {"model": str(output / "flan-t5-lab")}
    values["pretrain"] |= {"steps": 2000, "objective": [{"use": "mlm", "mask_probability": 0.2}]}
    contrast = {"use": "sentence_contrastive", "temperature": 0.07, "pooling": "mean_words", "layers": [0]}
    values["align"] |= {"per_seed": False, "objective": [{"use": "tlm", "mask_probability": 0.2}, contrast]}
    values["finetune"] |= {"task": task, "steps": steps, "method": ARMS[arm]}
    name = "".join(letter if letter.isalnum() else "-" for letter in arm)
    return {**values, "name": name, "seed": seed, "evaluate": [{"task": task}]}


def measures(grid: Grid, arm: str, seed: int) -> dict[str, float]:
    """Return what the run of an arm and a seed gave."""
    (task,) = grid.tasks
    results = grid.results(arm, seed, task)
    scores = by_language(results, task)
    targets = statistics.mean(value for language, value in scores.items() if language != SOURCE)
    return {**scores, "targets": targets, "seconds": stage_seconds(results, "finetune")}


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side, one thread each")
    parser.add_argument("--steps", type=int, default=1000, help="fine-tuning steps")
    parser.add_argument("--output", type=Path, default=Path("runs/text-to-text"))
    options = parser.parse_args()
    write_checkpoint(options.output / "flan-t5-lab")
    make = partial(recipe, options.output.absolute(), options.steps)
    grid = Grid(make, list(ARMS), ["xnli"], options.seeds, options.output)
    replace(grid, arms=["text-to-text"], seeds=1).run(1)  # trains the encoder that all share
    grid.run(options.jobs)
    measure = partial(measures, grid)
    languages = [language.code for language in shared_world(0).languages]
    print(grid.table([*languages, "targets", "seconds"], measure))
    print("\n" + paired(grid, "text-to-text", [SOURCE, "targets"], measure))


if __name__ == "__main__":
    main()
