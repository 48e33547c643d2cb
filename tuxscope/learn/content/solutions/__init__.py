"""The pages of the starters, with the tasks done."""
