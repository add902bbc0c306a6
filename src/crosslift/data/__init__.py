"""Data: bitext, lexicons, word vectors, checks of examples, and the sources of examples.  Imports no torch."""
