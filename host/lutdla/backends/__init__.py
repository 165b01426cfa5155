"""Back ends: one file each behind one protocol."""
