"""The normal form by which texts are compared: case, blanks, punctuation and character width are ignored."""

from __future__ import annotations

import unicodedata


def normalise(text: str) -> str:
    """Return the letters, marks and digits of a text, case-folded, in NFKC.

    >>> normalise("It's  12 o'clock!")
    'its12oclock'
    """
    return unicodedata.normalize("NFKC", text).casefold().translate(_KEPT)


class _Kept(dict[int, int | None]):
    """A table for `str.translate` that is filled as characters occur."""

    def __missing__(self, code: int) -> int | None:
        """Return the character itself, or None for punctuation, symbols, separators and control characters."""
        self[code] = None if unicodedata.category(chr(code))[0] in "PSZC" else code
        return self[code]


_KEPT = _Kept()
