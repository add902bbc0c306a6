"""The inputs of a run, read and checked before anything is trained."""
