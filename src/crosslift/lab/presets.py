"""The preset languages of the lab: the source language, then the others from similar to distant."""

from __future__ import annotations

from typing import Final

from crosslift.lab.language import Language

PRESETS: Final = (
    Language("qaa", "Sadoran"),
    Language("qab", "Velian", cognates=0.8, drift=0.25),
    Language("qac", "Ulmic", adjective="after", cognates=0.65, drift=0.25, resources=0.15),
    Language(
        "qad",
        "Korvan",
        order="SOV",
        adposition="after",
        adjuncts="before",
        cases=("accusative",),
        cognates=0.5,
        drift=0.3,
    ),
    Language("qae", "Drevian", cases=("accusative",), copula=False, cognates=0.4, script="Cyrl"),
    Language("qaf", "Thelian", order="VSO", adjective="after", article=True, cognates=0.2, script="Grek"),
    Language(
        "qag",
        "Nandari",
        order="VOS",
        adjective="after",
        negation="after",
        plural=False,
        copula=False,
        cognates=0.1,
        script="Deva",
        resources=0.15,
    ),
    Language(
        "qah",
        "Kvarti",
        order="SOV",
        adposition="after",
        negation="after",
        adjuncts="before",
        cases=("accusative", "locative"),
        cognates=0.1,
        script="Geor",
    ),
)
