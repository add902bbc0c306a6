"""Run directories: their schema, how they are written and read, and which runs make up a system.  Imports no torch."""
