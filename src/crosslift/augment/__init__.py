"""Changed copies of a text: code-switching, synthetic adversaries, and the words that they draw on."""
