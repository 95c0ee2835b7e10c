"""What only this machine does: files, downloads, weights and servers on loopback."""
