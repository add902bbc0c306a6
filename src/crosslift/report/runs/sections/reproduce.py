"""Recipe, seeds and environment of each system: what is needed to run it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosslift.report.sections import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosslift.report.runs.view import Report, ScoredSystem


ORDER = 70
TEMPLATE = """\
<h2>How to reproduce</h2>
<p>Save the recipe of a system and run it once per seed; the stored recipe spells out every default.</p>
{% for fact in facts %}
<details>
<summary>{{ fact.name }}</summary>
{{ fact_list(fact.lines) }}
{% if fact.recipe %}<pre tabindex="0" aria-label="Recipe of {{ fact.name }}"><code>{{ fact.recipe }}</code></pre>{% endif %}
</details>
{% endfor %}
"""


def sections(report: Report) -> Iterator[Section]:
    """Yield the section."""
    yield Section("reproduce", "Reproduce", {"facts": [_facts(system) for system in report.systems]})


def _facts(system: ScoredSystem) -> dict[str, Any]:
    from crosslift.report.charts.html import flat

    first = system.runs[0]
    command = first.environment.get("command", "")
    environment = {key: value for key, value in first.environment.items() if key != "command"}
    return {
        "name": system.name,
        "recipe": first.recipe,
        "lines": {
            "seeds": ", ".join(map(str, system.seeds)),
            "made by": command if isinstance(command, str) else " ".join(map(str, command)),
            "run again": "crosslift run recipe.toml",
            **dict(flat(environment)),
        },
    }
