"""The registry of alignment objectives: one file an objective, which defines one `crosslift.train.method.Method`."""
