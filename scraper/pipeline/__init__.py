"""The order of a round: fetch, archive, discover, read, judge, diff, store, events, deliveries."""

from scraper.pipeline.house import House, RoundReport, check, copy_database, dry_run

__all__ = ["House", "RoundReport", "check", "copy_database", "dry_run"]
