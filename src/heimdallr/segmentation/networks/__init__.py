"""Weights to labels, whosever the weights are: installing, loading, running nnU-Net's networks."""
