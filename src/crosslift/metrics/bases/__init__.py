"""Bases of metrics: ratios, normalised answers, ranked lists, mined pairs, intents and slots."""
