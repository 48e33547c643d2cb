"""A page: what it describes, how it is loaded, and what is said of the mistakes in it."""
