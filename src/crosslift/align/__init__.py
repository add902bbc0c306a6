"""The registry of alignment objectives: one file per objective, a `crosslift.train.method.Method`."""
