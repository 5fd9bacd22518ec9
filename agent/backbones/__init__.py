"""Who decides the next act: the empiricist, a script, or (later) a language model."""
