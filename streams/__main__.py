"""`python -m streams` is `outages`."""

from streams.cli import main

if __name__ == "__main__":
    main()
