"""What leaves the house, and whether it arrived: destinations, rules, the outbox, the senders."""
