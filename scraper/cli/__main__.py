"""`python -m scraper.cli` is `detainer-watch`."""

from scraper.cli import main

if __name__ == "__main__":  # a reading child process imports this module too
    main()
