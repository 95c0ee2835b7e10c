"""The bundled world: real facts behind a loopback API server, tasks and reference answers."""
