"""What metrics of one kind build on: ratios, normalised answers, ranks, mined pairs."""
