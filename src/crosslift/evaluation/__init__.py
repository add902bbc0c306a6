"""Predictions an example, in every language, and the scores that follow from them."""
