"""The one way out: fetches what config.yaml allows, politely, and says what came back."""

from scraper.fetch.answer import Fetched, HostMemory
from scraper.fetch.fetcher import Fetcher
from scraper.fetch.policy import Refused, host_and_port

__all__ = ["Fetched", "Fetcher", "HostMemory", "Refused", "host_and_port"]
