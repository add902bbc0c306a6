"""Bases of tasks: file layouts, columns and labels of a task type or of a family of benchmarks."""
