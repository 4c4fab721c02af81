"""`python -m pocketpay` is `pocketpay`."""

from pocketpay.cli import main

main()
