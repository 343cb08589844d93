"""`python -m streamscore_cli`, the same as `streamscore`; it adds nothing."""

import sys

from streamscore_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
