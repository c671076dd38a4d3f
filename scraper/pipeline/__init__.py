"""The order of a round: fetch, archive, discover, read, judge, diff, store, events, deliveries."""

from scraper.pipeline.house import House, RoundReport, check

__all__ = ["House", "RoundReport", "check"]
