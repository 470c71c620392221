"""What is to be done: studies' states, runs and their lives, what is owed to others, who lives."""
