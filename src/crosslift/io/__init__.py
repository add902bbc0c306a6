"""Reading and writing of text files in any supported form.  Imports no torch."""
