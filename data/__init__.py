"""What every part speaks: records, tree, journal, preference pairs, formats, the bundled world."""
