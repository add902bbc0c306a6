"""Adapters inside an encoder: bottlenecks, invertible adapters, and language adapters."""
