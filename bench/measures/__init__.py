"""One module per subject; each takes what is served and gives figures."""
