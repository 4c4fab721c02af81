"""Makes `python -m pocketpay` the same as the command `pocketpay`."""

from pocketpay.cli import main

main()
