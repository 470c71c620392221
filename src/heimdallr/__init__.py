"""Heimdallr: CT and MR studies in, measurements a radiologist can trust out."""

__version__ = "0.1.0"
