"""The logit benchmark: output units of a classifier, whose right answer is the name of their class."""
