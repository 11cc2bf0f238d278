"""Where samples come from and where results go: LSL inlets and outlets, replay, the simulated headset."""
