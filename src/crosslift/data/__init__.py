"""Text that goes in: readers, bitext, checks and sources."""
