"""Predictions of task models, and the scores computed from them."""
