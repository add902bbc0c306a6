"""Tables as values, and every number that is printed.  Imports no torch."""
