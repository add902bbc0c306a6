"""The registry of metrics: one file a metric, which defines one subclass of `crosslift.api.Metric`."""
