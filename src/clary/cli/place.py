"""Where a command works: the settings of its data directory, and the server on it."""

import argparse

from clary.cli.failure import Failure
from clary.cli.lock import Holder, find_server
from clary.config import SettingError, Settings


def load_settings(options: argparse.Namespace) -> Settings:
    """Return the settings; a setting that cannot be used ends the command."""
    try:
        return Settings.load(data_dir=options.data_dir, host=getattr(options, "host", None), port=options.port)
    except SettingError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from error


def need_server(settings: Settings) -> Holder:
    """Return the server that runs on the data directory; without one the command ends."""
    holder = find_server(settings.data_dir)
    if holder is None:
        raise Failure(f"no server runs on {settings.data_dir}; start one with: clary up")
    return holder
