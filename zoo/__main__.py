"""`python -m zoo`."""

from zoo.commands.app import main

if __name__ == "__main__":
    main()
