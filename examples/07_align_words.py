"""Word links of a bitext, scored against gold links, which the lab has for every pair."""

from crosslift import Bitext, WordAligner
from crosslift.lab import World

world = World(0)
source, target = world.source.code, "qae"
made = world.bitext(source, target, 400)
bitext = Bitext.from_pairs([(pair.source, pair.target) for pair in made], languages=(source, target))

aligner = WordAligner(threads=1).fit(bitext)
linked = bitext.with_links(aligner.align(bitext, symmetrize="one-to-one"))

for index in range(2):
    left, right = (text.split(" ") for text in linked[index])
    print("  ".join(f"{left[i]}={right[j]}" for i, j in linked.links(index) or ()))

found = [set(linked.links(index) or ()) for index in range(len(linked))]
gold = [set(pair.links) for pair in made]
right = sum(len(one & other) for one, other in zip(found, gold, strict=True))
print(f"precision {right / sum(map(len, found)):.3f}, recall {right / sum(map(len, gold)):.3f}")
