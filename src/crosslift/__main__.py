"""`python -m crosslift` is the `crosslift` command."""

from crosslift.cli import main

if __name__ == "__main__":
    main()
