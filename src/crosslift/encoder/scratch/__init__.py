"""Encoders and tokenizers built from scratch: presets, configurations, tokenizer training."""
