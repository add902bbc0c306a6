"""Embedding maps of a study: sentence vectors of translations, laid out in two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.study.view import Study

ORDER = 70
TEMPLATE = """\
<h2>Embedding maps <span>translations of the same sentences</span></h2>
<p>Each point is a sentence, placed so that similar vectors are close to each other. The layout distorts distances, so the picture is not evidence. The numbers are computed on the full vectors: silhouettes range from −1 to 1; <em>by meaning</em> should be high and <em>by language</em> near or below 0.</p>
{{ embedding_maps(maps) }}
<p class="caption">When coloured by meaning, a few meanings are highlighted and their translations joined; the others are grey.</p>
"""


def sections(study: Study) -> Iterator[Section]:
    """Yield the section, if the study has maps."""
    from crosslift.report.study import figures

    if maps := figures.maps(study):
        yield Section("maps", "Embedding maps", {"maps": maps})
