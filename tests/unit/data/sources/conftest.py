"""A small directory in XTREME's layout."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

FILES = {
    "xnli/train-en.tsv": "A dog.\tAn animal.\tentailment\nA dog.\tA cat.\tcontradiction\n",
    "xnli/dev-de.tsv": "Ein Hund.\tEin Tier.\tentailment\n",
    "xnli/dev-en.tsv.gz": "A dog.\tAn animal.\tentailment\n",
    "xnli/dev-ko.tsv": "개\t동물\tentailment\n",
    "xnli/test-en.tsv": "A dog.\tAn animal.\n",
    "udpos/train-en.tsv": "Dogs\tNOUN\nbark\tVERB\n\nYes\tINTJ\n",
    "sib200/eng_Latn/train.tsv": "index_id\tcategory\ttext\n7\tsports\tThey run.\n",
    "tatoeba/af-en.af": "Hond.\nKat.\n",
    "tatoeba/af-en.en.gz": "Dog.\nCat.\n",
}


@pytest.fixture
def xtreme(tmp_path) -> Path:
    """Return the directory."""
    root = tmp_path / "xtreme"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return root
