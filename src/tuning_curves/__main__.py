"""`python -m tuning_curves` is `tuning-curves`."""

import sys

from tuning_curves.cli import main

sys.exit(main())
