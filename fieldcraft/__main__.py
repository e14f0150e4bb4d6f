"""`python -m fieldcraft`."""

import sys

from fieldcraft.cli.main import main

sys.exit(main())
