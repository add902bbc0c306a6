"""Answer retrieval from a pool in 11 languages: XQuAD-R, in which each question has one correct sentence per language.

A candidate is a sentence, encoded with its paragraph.  Questions with the same id are translations of each other, and
so are their answers.  The files are those of XQuAD with sentence boundaries, in the folder that XTREME-R's
`download_lareqa_data.sh` makes; XQuAD itself lacks the boundaries.  `[dual_encoder]` trains on English SQuAD: a
question and the sentence in which its first answer begins; paragraphs without boundaries are split by a rule.
Papers: roy-etal-2020-lareqa, ruder-etal-2021-xtreme.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from crosslift.api.examples import Candidate, Example, RankingExample, Split
from crosslift.api.task import Task, codes, counts
from crosslift.errors import DataError
from crosslift.io.text import Row, require
from crosslift.tasks.bases.sentence_breaks import answering, begins_in, paragraphs


class Lareqa(Task):
    """LAReQA's XQuAD-R."""

    task_type = "ranking"
    languages = codes("ar de el en es hi ru th tr vi zh")
    metrics = ("mean_average_precision_at_20", "mean_average_precision")
    parallel = True
    files: ClassVar = {"train": ("squad/train-v1.1.json",), "test": ("lareqa/xquad-r/{language}.json",)}
    pools: ClassVar = {"test": files["test"]}
    lengths = (96, 256)
    columns = ("id", "question", "gold")
    answers = ("gold",)
    facts: ClassVar = {"test": dict.fromkeys(languages, 1_190)}
    pool_facts: ClassVar = counts(
        "ar 1222 de 1276 el 1234 en 1180 es 1215 hi 1244 ru 1219 th 852 tr 1167 vi 1209 zh 1196"
    )
    """Published numbers of candidates."""
    citation = (
        "Roy, Constant, Al-Rfou, Barua, Phillips and Yang (2020): LAReQA: Language-Agnostic Answer Retrieval from a "
        "Multilingual Pool. EMNLP."
    )
    licence = "CC BY-SA 4.0"

    def file_rows(self, path: Path) -> Iterator[Row]:
        """Yield the questions that a sentence answers; the line number is that of the paragraph.

        Raises:
            DataError: not JSON in SQuAD's layout with sentence boundaries.
        """
        for number, paragraph in paragraphs(path):
            answered = {key for _, _, keys in answering(paragraph) for key in keys}
            for question in paragraph["qas"]:
                if question["id"] in answered:
                    yield number, {"id": question["id"], "question": question["question"], "gold": question["id"]}

    def read_file(self, path: Path, split: Split | None = None) -> Iterator[Example]:
        """Yield the questions of a file; in training data, with the sentence that answers each."""
        if split != "train":
            yield from super().read_file(path, split)
            return
        for number, paragraph in paragraphs(path, cut=True):
            context = paragraph["context"]
            for question in paragraph["qas"]:
                where = f"{path}, paragraph {number}, question {question.get('id')}"
                require(question, ("id", "question", "answers"), where=where)
                if not question["answers"]:
                    raise DataError(f"{where}: no answer to learn from")
                place = begins_in(paragraph, question["answers"][0]["answer_start"])
                if place is not None:
                    start, end = paragraph["sentence_breaks"][place]
                    key = str(question["id"])
                    sentence = Candidate(f"{number}_{place}", context[start:end], self.source, (key,), context)
                    yield RankingExample(key, self.text(question, "question", where=where), key, sentence)

    def from_row(
        self,
        row: Mapping[str, Any],
        index: int,  # noqa: ARG002 - a question has an id
        *,
        where: str,
        features: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> RankingExample:
        """Return the example of one row; its gold is the id of the question, the key of its answers."""
        return RankingExample(str(row["id"]), self.text(row, "question", where=where), row.get("gold"))

    def read_candidates(self, path: Path, language: str) -> Iterator[Candidate]:
        """Yield every sentence of the paragraphs that have an answered question."""
        for number, paragraph in paragraphs(path):
            sentences = list(answering(paragraph))
            if any(keys for _, _, keys in sentences):
                for place, text, keys in sentences:
                    yield Candidate(f"{language}_{number}_{place}", text, language, keys, paragraph["context"])
