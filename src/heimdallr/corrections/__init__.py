"""A person's hand on a case: what is changed, what follows from it, and every version kept."""
