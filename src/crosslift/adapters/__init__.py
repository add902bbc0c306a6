"""Adapters between the layers of an encoder: bottlenecks, invertible adapters, and one adapter a language."""
