"""Pictures of what was measured: slices through the affine, never through bare array indices."""
