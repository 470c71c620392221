"""Fixtures of the web application's tests."""

from web_service import address, service

__all__ = ["address", "service"]
