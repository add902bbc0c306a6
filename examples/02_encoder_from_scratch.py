"""An encoder with random weights and a newly trained tokenizer: from sentences to vectors."""

import torch
from torch.nn.functional import cosine_similarity

from crosslift import Encoder, lab
from crosslift.encoder.scratch.tokenizer import train_tokenizer

world = lab.World(seed=0)
tokenizer = train_tokenizer(world.text("qaa", 500) + world.text("qab", 500), size=800)
encoder = Encoder.scratch("lab", tokenizer, seed=0)
print(f"{encoder.layers} layers, {encoder.hidden_size} wide, {encoder.vocabulary_size} subwords")

pairs = world.bitext("qaa", "qab", 4)
sentences = [pair.source for pair in pairs] + [pair.target for pair in pairs]
inputs = encoder.collate(encoder.tokenize(sentences))
with torch.inference_mode():
    states = encoder.encode(inputs)  # (8, length, hidden)
    vectors = encoder.pool(states, inputs, "mean")  # (8, hidden)
print(f"states {tuple(states.shape)}, vectors {tuple(vectors.shape)}")

print("Cosine of each qaa sentence (row) with each qab sentence; translations are on the diagonal:")
for row in cosine_similarity(vectors[:4, None], vectors[None, 4:], dim=-1).tolist():
    print("  ", "  ".join(f"{cosine:.3f}" for cosine in row))
