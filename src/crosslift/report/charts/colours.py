"""Colours: one hue from pale to deep for scores, and eight hues that colour-blind readers can distinguish."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]

PAPER = {"light": "#fcfbf8", "dark": "#16181b"}
"""Page backgrounds."""

HUES = ("#7b8087", "#2b7bba", "#d0632c", "#2f8f6b", "#a75fa0", "#a8811c", "#c2506a", "#2793a3")
"""Systems and languages, in order; grey is for the baseline.  All are visible on both papers."""

SCALE = {
    "light": ("#eef3f1", "#8fb9bd", "#0e4c5e"),
    "dark": ("#20272b", "#2f6470", "#a9dcd8"),
}
"""Low, middle and high score.  Lightness alone shows the order, so that no two hues need to be distinguished."""

INK = ("#050607", "#ffffff")


@dataclass(frozen=True, slots=True)
class Shade:
    """The background and the text colour of a cell on light and on dark paper."""

    light: str
    light_ink: str
    dark: str
    dark_ink: str


@dataclass(frozen=True, slots=True)
class Style:
    """The style in which a system or an arm is drawn."""

    colour: str
    symbol: str = "circle"
    dash: str = "solid"


def shade(position: float) -> Shade:
    """Return the colours of a cell at `position` of the scale, 0 to 1."""
    light, dark = _at(SCALE["light"], position), _at(SCALE["dark"], position)
    return Shade(light, readable_ink(light), dark, readable_ink(dark))


def hue(index: int) -> str:
    """Return the colour of the system or language number `index`; hues repeat after eight."""
    return HUES[index % len(HUES)]


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable_ink(background: str) -> str:
    """Return the text colour, near black or white, with more contrast."""
    return max(INK, key=lambda ink: contrast(ink, background))


def _at(scale: tuple[str, str, str], position: float) -> str:
    start, part = (0, position * 2) if position < 0.5 else (1, position * 2 - 1)
    low, high = _channels(scale[start]), _channels(scale[start + 1])
    mixed = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(colour: str) -> RGB:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
