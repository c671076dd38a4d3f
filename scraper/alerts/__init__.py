"""Deliveries: each event to each recipient, at least once, under one Message-ID."""
