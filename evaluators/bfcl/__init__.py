"""BFCL v4: its recorded outputs read, and judged as its own checker judges them."""
