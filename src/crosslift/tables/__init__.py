"""Tables as values, and the spelling of every printed number.  Imports no torch."""
