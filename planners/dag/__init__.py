"""Plans whose calls form a graph: read while they are written, run as soon as they can be."""
