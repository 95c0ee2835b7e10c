"""What can be called and how: importers, registry, the Execute stack, backends."""
