"""From measurements and label maps to the case folder: JSON, masks, overlays."""
