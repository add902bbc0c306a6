"""The registry of metrics: one file per metric, which defines one subclass of `crosslift.api.Metric`."""
