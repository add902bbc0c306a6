"""Entity retrieval: find the entity of a mention in the news among a million entities, described in 50 languages.

A query is a mention in its sentence; the description of the correct entity may be in any language.  The files are those
of XTREME-R's `download_mewslix_data.sh`; the released data differs slightly from that of the paper.  `[dual_encoder]`
trains on English mentions in Wikipedia with their entities.
Paper: ruder-etal-2021-xtreme.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import Candidate, Example, RankingExample, Split
from crosslift.api.task import Task, codes, counts
from crosslift.errors import DataError
from crosslift.io.text import Row, jsonl, require

_BRACES = re.compile(r"\{(.*?)\}")


class Mewslix(Task):
    """Mewsli-X.  With one correct entity per query, mean average precision is the mean reciprocal rank."""

    task_type = "ranking"
    languages = codes("ar de en es fa ja pl ro ta tr uk")
    metrics = ("mean_average_precision_at_20",)
    files: ClassVar = {
        "train": ("mewslix/wikipedia_pairs-train.jsonl",),
        **{split: (f"mewslix/wikinews_mentions-{split}.jsonl",) for split in ("dev", "test")},
    }
    pools: ClassVar = dict.fromkeys(("dev", "test"), ("mewslix/candidate_set_entities.jsonl",))
    lengths = (64, 64)
    columns = ("id", "query", "gold")
    answers = ("gold",)
    facts: ClassVar = {
        "dev": counts("ar 318 de 326 en 316 es 311 fa 72 ja 310 pl 304 ro 145 ta 312 tr 262 uk 315"),
        "test": counts("ar 1501 de 1551 en 1490 es 1552 fa 458 ja 1519 pl 1562 ro 672 ta 1567 tr 1215 uk 1537"),
    }
    citation = (
        "Ruder, Constant, Botha, Siddhant, Firat, Fu, Liu, Hu, Garrette, Neubig and Johnson (2021): XTREME-R: Towards "
        "More Challenging and Nuanced Multilingual Evaluation. EMNLP."
    )
    licence = "CC BY-SA; see the data set's page"

    def languages_in(self, path: Path) -> tuple[str, ...]:
        """Return the languages of the mentions of a file."""
        there = {row["language"] for _, row in self.file_rows(path)}
        return tuple(code for code in self.languages if code in there)

    def read_language(
        self,
        path: Path,
        language: str,
        split: Split | None = None,  # noqa: ARG002 - one split per file
    ) -> Iterator[Example]:
        """Yield the mentions in one language."""
        own = ((line, row) for line, row in self.file_rows(path) if row["language"] == language)
        for index, (line, row) in enumerate(own):
            yield self.from_row(row, index, where=f"{path}, line {line}")

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the mentions of all articles with the line of the article; in training data, with their entity.

        Raises:
            DataError: an object lacks a key, or a mention is in no sentence.
        """
        for number, read in jsonl(path):
            where = f"{path}, line {number}"
            article = _pair(read, where=where) if "contextual_mention" in read else read
            require(article, ("context", "mentions"), where=where)
            context = article["context"]
            require(context, ("language", "text", "sentence_spans"), where=where)
            for mention in article["mentions"]:
                require(mention, ("example_id", "entity_id", "mention_span"), where=where)
                yield (
                    number,
                    {
                        "id": mention["example_id"],
                        "query": _query(context, mention["mention_span"], where=where),
                        "gold": mention["entity_id"],
                        "language": context["language"],
                        **({"entity": article["entity"]} if "entity" in article else {}),
                    },
                )

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,  # noqa: ARG002 - a mention has an id
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> RankingExample:
        """Return the example of one row; its gold is the id of the entity."""
        answer = _candidate(row["entity"], where=where) if "entity" in row else None
        return RankingExample(str(row["id"]), self.text(row, "query", where=where), row.get("gold"), answer)

    def read_candidates(self, path: Path, language: str) -> Iterator[Candidate]:  # noqa: ARG002 - each entity has its own
        """Yield the entities; the text consists of the sentences of the description.

        Raises:
            DataError: an object lacks a key.
        """
        for number, entity in jsonl(path):
            yield _candidate(entity, where=f"{path}, line {number}")


def _candidate(entity: Mapping[str, Any], *, where: str) -> Candidate:
    require(entity, ("entity_id", "description", "description_language", "sentence_spans"), where=where)
    text = entity["description"]
    told = " ".join(text[span["start"] : span["end"]] for span in entity["sentence_spans"])
    key = entity["entity_id"]
    return Candidate(key, _flat(told), entity["description_language"], (key,))


def _pair(read: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return a mention and its entity, as in training data, as an article with one mention."""
    require(read, ("contextual_mention", "entity"), where=where)
    mention = read["contextual_mention"]
    require(mention, ("context", "mention"), where=where)
    return {"context": mention["context"], "mentions": [mention["mention"]], "entity": read["entity"]}


def _query(context: Mapping[str, Any], span: Mapping[str, Any], *, where: str) -> str:
    """Return "mention: sentence with { mention }"; braces of the sentence become parentheses."""
    start, end, text = span["start"], span["end"], context["text"]
    for sentence in context["sentence_spans"]:
        if sentence["start"] <= start and end <= sentence["end"]:
            left, right = (
                _BRACES.sub(r"(\1)", part) for part in (text[sentence["start"] : start], text[end : sentence["end"]])
            )
            return _flat(f"{span['text']}: {left} {{ {span['text']} }} {right}")
    raise DataError(f"{where}: the mention '{span['text']}' ({start} to {end}) is in no sentence")


def _flat(text: str) -> str:
    return " ".join(text.splitlines()).replace("  ", " ").strip()
