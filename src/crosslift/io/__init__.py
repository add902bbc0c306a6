"""Readers and writers of text files.  Imports no torch."""
