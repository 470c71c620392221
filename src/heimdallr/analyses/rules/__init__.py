"""What measurements mean: findings, and the published limits they rest on."""
