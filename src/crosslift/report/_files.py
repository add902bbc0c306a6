"""Write a file whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from crosslift.errors import StorageError


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` through a temporary neighbour, so that a reader never sees half of it.

    Raises:
        StorageError: the folder is missing or not writable, or the disk is full.
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(text)
                file.close()
                temporary.chmod(0o644)  # temporary files are private; a page is not
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error}); nothing was changed") from error
