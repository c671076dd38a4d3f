"""Deliveries: each event to each recipient, at least once, under one Message-ID."""

from scraper.alerts.outbox import Delivery, Outbox
from scraper.alerts.send import Report, deliver, preview, probe

__all__ = ["Delivery", "Outbox", "Report", "deliver", "preview", "probe"]
