"""The storage of bitext: all text in one array of UTF-8 bytes with offsets, in memory or memory-mapped."""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from crosslift.data.pairs import Links, Pair
from crosslift.errors import StorageError

TEXT, OFFSETS, LINKS, LINK_OFFSETS = "text.bin", "offsets.npy", "links.npy", "link_offsets.npy"
NOTE = "note.json"


@dataclass(frozen=True)
class Store:
    """Stored sentence pairs."""

    text: NDArray[np.uint8]
    """The UTF-8 text of every source and target in turn."""
    offsets: NDArray[np.int64]
    """(2 * pairs + 1,): the start of each text."""
    links: NDArray[np.int32]
    """(all links, 2)."""
    link_offsets: NDArray[np.int64]
    """(pairs + 1,): the start of the links of each pair; (1,) if no pair has links."""

    def __len__(self) -> int:
        return (len(self.offsets) - 1) // 2

    def texts(self, index: int) -> tuple[str, str]:
        """Return source and target of one pair."""
        start, middle, end = self.offsets[2 * index : 2 * index + 3].tolist()
        return self.text[start:middle].tobytes().decode(), self.text[middle:end].tobytes().decode()

    def links_of(self, index: int) -> Links | None:
        """Return the links of one pair, or None if no pair has any."""
        if len(self.link_offsets) == 1:
            return None
        start, end = self.link_offsets[index : index + 2].tolist()
        return tuple((source, target) for source, target in self.links[start:end].tolist())


@dataclass(frozen=True)
class _Index:
    """The arrays that are stored with the text."""

    offsets: NDArray[np.int64]
    links: NDArray[np.int32]
    link_offsets: NDArray[np.int64]


def _write(pairs: Iterable[Pair], text: BinaryIO) -> _Index:
    """Write the text of pairs one by one; only the offsets stay in memory."""
    offsets, links, link_offsets = array("q", [0]), array("i"), array("q", [0])
    for pair in pairs:
        for side in (pair.source, pair.target):
            offsets.append(offsets[-1] + text.write(side.encode()))
        if pair.links is not None:
            links.extend(number for link in pair.links for number in link)
            link_offsets.append(len(links) // 2)
    return _Index(
        np.frombuffer(offsets, np.int64),
        np.frombuffer(links, np.int32).reshape(-1, 2) if links else np.zeros((0, 2), np.int32),
        np.frombuffer(link_offsets, np.int64),
    )


def in_memory(pairs: Iterable[Pair]) -> Store:
    """Return a store that lives in memory."""
    text = BytesIO()
    index = _write(pairs, text)
    return Store(np.frombuffer(text.getvalue(), np.uint8), index.offsets, index.links, index.link_offsets)


def on_disk(folder: Path) -> Store:
    """Return the store of a folder, memory-mapped."""
    arrays = (np.load(folder / name, mmap_mode="r") for name in (OFFSETS, LINKS, LINK_OFFSETS))
    return Store(np.memmap(folder / TEXT, np.uint8, mode="r"), *arrays)


def write(pairs: Iterable[Pair], folder: Path, *, note: Callable[[], object]) -> None:
    """Write a store to a folder, which appears only when it is complete.

    Args:
        pairs: the pairs to store.
        folder: the folder, which must not exist yet.
        note: returns a JSON value to store with the pairs; called after the last pair.

    Raises:
        StorageError: the disk is full or cannot be written to.
    """
    draft = folder.with_name(f".{folder.name}.{uuid4().hex}")
    try:
        draft.mkdir(parents=True)
        with (draft / TEXT).open("wb") as text:
            index = _write(pairs, text)
        np.save(draft / OFFSETS, index.offsets)
        np.save(draft / LINKS, index.links)
        np.save(draft / LINK_OFFSETS, index.link_offsets)
        (draft / NOTE).write_text(json.dumps(note()), encoding="utf-8")
        _publish(draft, folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_note(folder: Path) -> Any:
    """Return the note of a store."""
    return json.loads((folder / NOTE).read_text(encoding="utf-8"))


def _publish(draft: Path, folder: Path) -> None:
    """Rename a draft to its final name; if another process was first, its equal store stays."""
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
