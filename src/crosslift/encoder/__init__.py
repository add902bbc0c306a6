"""The Encoder view over multilingual transformers, and task models on top of it."""
