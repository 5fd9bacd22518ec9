"""Is a planted bias found, and none where none was planted? `lettvin bias` on small networks that are trained here."""
