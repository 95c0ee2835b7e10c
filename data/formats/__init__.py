"""Foreign formats, one file each: pure functions between their JSON and our records."""
