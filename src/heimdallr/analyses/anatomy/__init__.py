"""What analyses ask of the anatomy: levels, tissues on a slice, symmetry, erosion, vessels."""
