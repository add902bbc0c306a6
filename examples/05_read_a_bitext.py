"""A bitext with the usual noise, and the pairs that the filters keep."""

import tempfile
from pathlib import Path

from crosslift import Bitext
from crosslift.data.filters import FilterSettings

LINES = """\
The cat sleeps.\tDie Katze schläft.
The cat sleeps.\tDie Katze schläft.
Home | About | Contact\tHome | About | Contact
\tDiese Zeile hat keine Quelle.
Yes.\tJa, und darüber hinaus noch sehr vieles, was in der Quelle nirgends steht.
A man reads a book.\tEin Mann liest ein Buch.
It is raining.\tEs regnet.
"""

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "de.tsv"
    path.write_text(LINES, encoding="utf-8")

    bitext = Bitext.read(path, ("en", "de"))
    print(bitext, "-", bitext.report)
    for source, target in bitext:
        print(f"  {source}  =  {target}")

    strict = Bitext.read(path, ("en", "de"), filters=FilterSettings(max_ratio=1.3))
    print("With max_ratio = 1.3:", strict.report)

    clean = Bitext.read(path, ("en", "de"), test_texts=["it is raining"])
    print("With a test sentence held out:", clean.report)
