"""Detainer Watch: watches publications on declined detainers and keeps every version of them."""

__version__ = "0.1.0"
