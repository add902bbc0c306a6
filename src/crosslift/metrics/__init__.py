"""The metrics shelf: one file a metric."""
