"""TotalSegmentator's tasks on one resident engine."""
