"""The researcher: raises hypotheses, registers predictions, experiments, and concludes only what survives."""
