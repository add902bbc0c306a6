"""The `crosslift` command as `python -m crosslift`."""

from crosslift.cli import main

if __name__ == "__main__":
    main()
