"""Chat models: how one is named and loaded, and those that come with Toolgrove."""
