"""The face: Agent, how a model is named and loaded, the catalogue, the viewer."""
