"""`python -m clary`: the command line."""

import sys

from clary.cli import main

sys.exit(main())
