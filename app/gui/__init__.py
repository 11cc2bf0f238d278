"""The only room with Qt: the window, its views, and the bridge from the session's threads.

What flows is polled at frame rate from the ring buffer; what happens comes through the bridge as queued signals.
"""
