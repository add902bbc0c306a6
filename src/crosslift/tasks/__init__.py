"""The tasks shelf: one file a task."""
