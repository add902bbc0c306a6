"""The Encoder: one interface to multilingual transformers of all families, and their tokenizers."""
