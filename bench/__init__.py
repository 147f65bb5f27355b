"""The portal beside its floor: `make bench`. Everything is a ratio measured side by side in one run (PERFORMANCE)."""
