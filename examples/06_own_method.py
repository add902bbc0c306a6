"""Your own alignment method in the training loop; its class alone, in a file of src/crosslift/align/, is a method."""

import tempfile
from pathlib import Path

from crosslift import Encoder, lab
from crosslift.align.sentence_contrastive import PairBatch, SentenceContrastive
from crosslift.encoder.inputs import TokenPair
from crosslift.encoder.scratch.tokenizer import train_tokenizer
from crosslift.recipe import TrainTable
from crosslift.runs.write import JsonLines
from crosslift.train.batches import Stream
from crosslift.train.loop import Loop
from crosslift.train.method import Terms
from crosslift.train.objective import Objective


class SentenceDistance(SentenceContrastive):
    """Pull translations together and push nothing apart: the control that shows why negatives are needed."""

    splittable = True  # no row depends on the others

    def loss(self, model: Encoder, batch: PairBatch) -> Terms:
        source, target = (model.pool(model.encode(side), side, self.pooling) for side in (batch.source, batch.target))
        return {"sentence_distance": (source - target).square().mean()}


pairs = lab.World(seed=0).bitext("qaa", "qab", 200)
encoder = Encoder.scratch("lab", train_tokenizer((pair.source for pair in pairs), size=300), seed=0)
sides = [encoder.tokenize(texts) for texts in ([pair.source for pair in pairs], [pair.target for pair in pairs])]
items = [TokenPair(source, target) for source, target in zip(*sides, strict=True)]
stream = Stream(items, [len(item) for item in items], batch_size=16, seed=0)
table = TrainTable(steps=20, learning_rate=5e-4)
with tempfile.TemporaryDirectory() as folder:
    log = JsonLines(Path(folder) / "log.jsonl")
    objectives = [Objective("sentence_distance", SentenceDistance(), stream)]
    Loop(encoder, encoder.model, objectives, table, 20, seed=0, stage="align", states=Path(folder), log=log).run()
    for line in list(log)[::5]:
        print(f"step {line['step']:2}  distance {line['terms']['sentence_distance']:.4f}")
