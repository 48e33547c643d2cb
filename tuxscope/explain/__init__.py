"""The verifier's log in plain words, whoever loaded the program. Pure: a text in, data out."""
