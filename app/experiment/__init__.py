"""Experiments: a protocol file, what happens when, markers, ratings, and the folder of a session. No Qt, no LSL."""
