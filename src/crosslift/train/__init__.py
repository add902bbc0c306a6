"""The one training loop, the contract of its methods, and the streams of items that it reads."""
