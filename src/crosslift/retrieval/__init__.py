"""Embedding tasks: sentence vectors, nearest neighbours, bitext mining, ranking and retrieval probes."""
