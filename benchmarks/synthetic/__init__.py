"""The synthetic benchmark: neurons whose behaviour is known, asked, and their answers scored by function."""
