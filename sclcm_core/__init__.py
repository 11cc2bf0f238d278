"""What live and offline share: types, features, models and inference. No Qt, no LSL."""
