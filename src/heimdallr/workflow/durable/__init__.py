"""What outlives a worker: DBOS, the locks that say who lives, what is handed out and tidied up."""
