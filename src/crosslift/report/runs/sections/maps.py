"""Embedding maps: sentence vectors of translations, laid out in two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.charts.figures import Figure
    from crosslift.report.runs.view import Report


ORDER = 30
MAXIMUM_MAPS = 4
"""Systems whose map is drawn: a map takes seconds to lay out and a tenth of a megabyte."""
TEMPLATE = """\
<h2>Embedding map <span>translations of the same sentences</span></h2>
<p>Each point is a sentence, placed so that similar vectors are close to each other. If transfer works, the colours of languages mix and translations of one meaning are close. The layout distorts distances; the silhouettes do not, since they are computed on the full vectors: from −1 to 1, <em>by meaning</em> should be high and <em>by language</em> near or below 0.</p>
{{ embedding_maps(maps) }}
<p class="caption">When coloured by meaning, a few meanings are highlighted and their translations joined; the others are grey. One run per system: the lowest seed that kept its embeddings. The layout has a fixed seed.</p>
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield the section, if any run saved its vectors."""
    if maps := list(_maps(report)):
        yield Section("maps", "Embedding map", {"maps": maps})


def _maps(report: Report) -> Iterator[Figure]:
    from crosslift.report.charts import maps
    from crosslift.runs import embedding_map

    source = report.views[0].source if report.views else None
    saved = [(s, path) for s in report.systems for path in [r.embeddings for r in s.runs if r.embeddings][:1]]
    for system, path in saved[:MAXIMUM_MAPS]:
        layout = embedding_map.layout(embedding_map.load(path))
        if layout:
            yield maps.embedding_map(system.name, layout, language=report.language, source=source)
