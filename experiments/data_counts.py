"""Sizes of benchmarks in a directory against published sizes: one Markdown row per task, split and language.

    python experiments/data_counts.py DIRECTORY
    python experiments/data_counts.py DIRECTORY --differences

"-" means that no size is published.  With `--differences`, only rows whose two numbers differ are printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from crosslift.api import registry
from crosslift.api.task import Task
from crosslift.data.sources.directory import Directory
from crosslift.errors import InputError

Row = tuple[str, str, str, str, str, str]


def rows(task: Task, data: Directory) -> Iterator[Row]:
    """Yield (task, split, language, found, published, repeated examples or an error) for all data in the directory."""
    from crosslift.data.checks import duplicates

    for split in task.files:
        published = task.facts.get(split, {})
        for language in data.languages(task, split):
            expected = f"{published[language]:,}" if language in published else "-"
            try:
                examples = data.examples(task, split, language)
                yield task.name, split, language, f"{len(examples):,}", expected, f"{duplicates(examples):,}"
            except InputError as error:
                yield task.name, split, language, "-", expected, str(error)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--differences", action="store_true", help="only rows whose sizes differ")
    options = parser.parse_args()
    data = Directory(options.directory)
    print("| task | split | language | found | published | repeated |\n| --- | --- | --- | --- | --- | --- |")
    for name in registry.entries("task"):
        for row in rows(registry.load("task", name)(), data):
            if not options.differences or row[3] != row[4]:
                print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
