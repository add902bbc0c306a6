"""The registry of tasks: one file per task, which defines one subclass of `crosslift.api.Task`."""
