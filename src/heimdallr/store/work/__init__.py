"""What is to be worked on: studies' states, runs and their lives, and which services live."""
