"""Looking at a data set before anything is trained on it."""

from offline.explore.explore import explore
from offline.explore.usual_spec import usual_spec

__all__ = ["explore", "usual_spec"]
