"""The languages that the lab brings along, the source language first, then from near to far."""

from __future__ import annotations

from typing import Final

from crosslift.lab.language import Language

PRESETS: Final = (
    Language("qaa", "Sorani"),
    Language("qab", "Velian", cognates=0.7, drift=0.3),
    Language("qac", "Tamerese", adjective="after", article=True, cognates=0.55, drift=0.3),
    Language(
        "qad",
        "Ulmic",
        adjective="after",
        cognates=0.6,
        drift=0.3,
        negation="after",
        resources=0.15,
    ),
    Language(
        "qae",
        "Korvan",
        order="SOV",
        adposition="after",
        adjuncts="before",
        cases=("accusative",),
        cognates=0.45,
        drift=0.4,
    ),
    Language("qaf", "Drevian", cases=("accusative",), copula=False, cognates=0.4, script="Cyrl"),
    Language("qag", "Thelian", order="VSO", adjective="after", article=True, cognates=0.2, script="Grek"),
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
    Language(
        "qai",
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
)
