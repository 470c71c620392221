"""Corrections drawn with other tools: their files become proposals that wait for a person."""
