"""Measurements that need no training: one file each, with a function `measure` that returns numbers by name."""
