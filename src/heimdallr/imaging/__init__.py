"""Volumes and label maps in one canonical orientation, and the numbers read off them."""
