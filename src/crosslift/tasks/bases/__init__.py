"""What tasks of one type or family of benchmarks build on: file layouts, columns and labels."""
