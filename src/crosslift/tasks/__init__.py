"""The registry of tasks: one file a task, which defines one subclass of `crosslift.api.Task`."""
