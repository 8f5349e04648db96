"""``python -m benchmarks.judging``: see :mod:`benchmarks.judging.run`."""

import sys

from benchmarks.judging.run import main

sys.exit(main())
