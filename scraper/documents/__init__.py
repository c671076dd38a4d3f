"""Bytes to text and tables with locators. Pure."""
