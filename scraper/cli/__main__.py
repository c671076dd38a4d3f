"""`python -m scraper.cli` is `detainer-watch`."""

from scraper.cli import main

main()
