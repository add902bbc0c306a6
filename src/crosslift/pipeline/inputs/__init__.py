"""Everything that a run reads, checked before anything is trained."""
