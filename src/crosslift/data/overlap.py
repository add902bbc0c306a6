"""When two texts count as the same: case, blanks, punctuation and width of characters ignored."""

from __future__ import annotations

import unicodedata


def normalise(text: str) -> str:
    """Return a text with nothing left but letters, marks and digits, case-folded, in form NFKC.

    >>> normalise("It's  12 o'clock!")
    'its12oclock'
    """
    return unicodedata.normalize("NFKC", text).casefold().translate(_KEPT)


class _Kept(dict[int, int | None]):
    """A table for `str.translate` that looks a character up the first time it meets it."""

    def __missing__(self, code: int) -> int | None:
        """Return the character itself, or None for punctuation, symbols, separators and control characters."""
        self[code] = None if unicodedata.category(chr(code))[0] in "PSZC" else code
        return self[code]


_KEPT = _Kept()
