"""Encoder families, one file each: see `crosslift.encoder.family`."""
