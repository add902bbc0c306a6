"""Estimators for experiments of few runs and many test items.  Arrays in, numbers out; imports no torch.

- `resampling`: test items drawn anew, or swapped between two systems;
- `interval`: effect, interval, p-value and detectable effect, from chance in items and chance in runs;
- `randomisation`: p-values from swapping runs or items, exact where few;
- `adjustment`: p-values of several comparisons;
- `benchmark`: the score of several tasks.
"""
