"""A department's day for :mod:`department`: what arrives, who works on it, what came out of it."""
