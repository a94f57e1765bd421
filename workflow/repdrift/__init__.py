"""repdrift: how representations change when a network is pre-trained and fine-tuned."""

import time

__version__ = "0.1.0"

# The package is imported before anything heavy: from here on a job counts its time.
STARTED = time.time()
